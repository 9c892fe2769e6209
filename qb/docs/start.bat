@echo off
rem Double-click: sets qb up beside this file, publishes the data beside it (invented data where there are
rem none; a folder or workbook dropped on this file is published instead) and opens the page.
rem Beside it: the file qb_schools-*.whl, and for computers without internet the folder bundle with all libraries.
setlocal
chcp 65001 >nul
set "data=%~f1"
pushd "%~dp0"
if "%data%"=="" set "data=data"
if exist ".venv\Scripts\qb.exe" goto ready
set "python=py -3"
where py >nul 2>nul || set "python=python"
%python% -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>nul || goto nopython
set "offline="
if exist bundle set "offline=--no-index --find-links bundle"
%python% -m venv .venv || goto failed
for %%f in (qb_schools-*.whl) do .venv\Scripts\python -m pip install %offline% "%%f" || goto failed
:ready
if exist "%data%" goto publish
.venv\Scripts\qb sample "%data%" || goto failed
:publish
.venv\Scripts\qb publish "%data%" --out site
if not exist site\index.html goto failed
start "" site\index.html
goto end
:nopython
echo 需要 Python 3.11 或更新版本，请从 python.org 安装后再运行。
echo Python 3.11 or later is needed: install it from python.org and start this again.
:failed
pause
:end
popd

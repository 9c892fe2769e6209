#!/bin/sh
# 双击运行（macOS；Linux 用 sh start.command）：首次安装 qb，然后发布本文件夹中的 data（没有则生成模拟数据），打开首页。
# Sets qb up beside this file, publishes the data beside it (invented data where there are none) and opens the page.
# Beside it: the file qb_schools-*.whl, and for computers without internet the folder bundle with all libraries.
cd "$(dirname "$0")" || exit 1
data="${1:-data}"
if [ ! -x .venv/bin/qb ]; then
  python=""
  for one in python3.13 python3.12 python3.11 python3; do
    if "$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python="$one"; break; fi
  done
  if [ -z "$python" ]; then
    echo "需要 Python 3.11 或更新版本，请从 python.org 安装后再运行。"
    echo "Python 3.11 or later is needed: install it from python.org and start this again."
    exit 1
  fi
  offline=""
  if [ -d bundle ]; then offline="--no-index --find-links bundle"; fi
  "$python" -m venv .venv && .venv/bin/pip install $offline qb_schools-*.whl || exit 1
fi
if [ ! -e "$data" ]; then .venv/bin/qb sample "$data" || exit 1; fi
.venv/bin/qb publish "$data" --out site
if [ ! -e site/index.html ]; then exit 1; fi
if command -v open >/dev/null; then open site/index.html; else xdg-open site/index.html; fi

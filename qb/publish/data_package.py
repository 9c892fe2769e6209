"""The data package of a site: every table as CSV and parquet, described as Frictionless asks, in one ZIP."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from qb import __version__
from qb.data.dataset import district_of, kept_back
from qb.data.schema import Column, ColumnKind, Table, tables_of
from qb.data.table_files import write_csv, write_file, write_parquet
from qb.files import temporary_folder
from qb.report.words import Lang, say, school_year
from qb.standard import files_of

if TYPE_CHECKING:
    from qb.report.context import ReportContext

# The types of Table Schema; years and counts are numbers, because figures may be shares of a person.
_TYPES = {
    ColumnKind.BOOL: "boolean",
    ColumnKind.DATE: "date",
    ColumnKind.YEAR: "year",
    ColumnKind.COUNT: "number",
    ColumnKind.ORDINAL: "integer",
    ColumnKind.NUMBER: "number",
    ColumnKind.SHARE: "number",
}
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # of a ZIP: the same data give the same file


def write_data_package(context: ReportContext, district: str, standard: str, path: Path) -> None:
    """Write a district's data as a ZIP; one that stands there is replaced.

    It holds the tables that have rows, each as CSV and as parquet, the files of the standard, a
    ``datapackage.json`` (Frictionless Data Package) with types, labels, units, sizes and SHA-256 of every
    file, and a ``README.md`` that says how to cite it.

    Parameters
    ----------
    standard : str
        Name or file of the standard by which the site judges.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    write_file(path, lambda made: _fill(context, district, standard, made), replace=True)


def _fill(context: ReportContext, district: str, standard: str, made: Path) -> None:
    with temporary_folder() as name:
        folder = Path(name)
        resources = []
        for table in tables_of(context.standard).values():
            frame = published(context, table, district)
            if len(frame):
                resources += _written(table, frame, folder)
        for source in files_of(standard):
            (folder / source.name).write_bytes(source.read_bytes())
            resources.append(_described(folder / source.name, "toml", "application/toml"))
        described = _package(context, district, resources)
        text = json.dumps(described, ensure_ascii=False, indent=1) + "\n"
        (folder / "datapackage.json").write_text(text, encoding="utf-8")
        (folder / "README.md").write_text(_readme(context, district), encoding="utf-8")
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.iterdir()):
                archive.writestr(_entry(file.name), file.read_bytes())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _FIRST_DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def published(context: ReportContext, table: Table, district: str) -> pd.DataFrame:
    """Return a district's rows of a table, the columns of the dictionary alone.

    Sizes of classes that the standard's settings keep back are blank, as on the pages.
    """
    data = context.data
    frame = data[table.name]
    mine = district_of(data, table.name) == district
    frame = frame.loc[mine.to_numpy(dtype=bool), [c for c in table.names if c in frame]]
    if table.name != "classes":
        return frame
    back = kept_back(data, context.standard.rules.publication.smallest_class)
    return frame.assign(pupils=frame["pupils"].mask(back[mine.to_numpy(dtype=bool)]))


def _written(table: Table, frame: pd.DataFrame, folder: Path) -> list[dict[str, object]]:
    csv, parquet = folder / f"{table.name}.csv", folder / f"{table.name}.parquet"
    write_csv(frame, csv)
    write_parquet(frame, parquet)
    schema = {
        "fields": [_field(column) for column in table.columns if column.name in frame],
        "missingValues": [""],
        "primaryKey": [name for name in table.key if frame[name].notna().all()],
    }
    return [
        _described(csv, "csv", "text/csv")
        | {"title": table.label, "profile": "tabular-data-resource", "encoding": "utf-8", "schema": schema},
        _described(parquet, "parquet", "application/vnd.apache.parquet") | {"title": table.label},
    ]


def _field(column: Column) -> dict[str, object]:
    about = {"name": column.name, "type": _TYPES.get(column.kind, "string"), "title": column.label}
    if column.unit:
        about["unit"] = column.unit
    if column.note:
        about["description"] = column.note
    if column.terms:
        about["constraints"] = {"enum": [str(term) for term in column.terms]}
    return about


def _described(file: Path, form: str, medium: str) -> dict[str, object]:
    raw = file.read_bytes()
    return {
        "name": file.name.lower().replace(".", "-"),
        "path": file.name,
        "format": form,
        "mediatype": medium,
        "bytes": len(raw),
        "hash": f"sha256:{hashlib.sha256(raw).hexdigest()}",
    }


def _package(context: ReportContext, district: str, resources: list[dict[str, object]]) -> dict[str, object]:
    lang = context.lang
    return {
        "profile": "data-package",
        "name": f"qb-{context.year}-{hashlib.sha256(district.encode()).hexdigest()[:12]}",
        "title": _title(context, district, lang),
        "description": _invented(context, lang) + context.standard.title.zh,
        "version": str(context.year),
        "sources": [{"title": context.source}],
        "resources": resources,
    }


def _title(context: ReportContext, district: str, lang: Lang) -> str:
    year = school_year(context.year, lang)
    return say(
        lang, f"{district}义务教育优质均衡数据（{year}）", f"{district}: data on compulsory schooling, {year}"
    )


def _invented(context: ReportContext, lang: Lang) -> str:
    return say(lang, "模拟数据。", "Invented data (模拟数据). ") if context.data.invented else ""


def _readme(context: ReportContext, district: str) -> str:
    lang, title = context.lang, _title(context, district, context.lang)
    made_up = _invented(context, lang)
    zh = (
        f"{made_up}每张表有 CSV（UTF-8）和 parquet 两种格式；列的名称、单位和说明见 `datapackage.json`，"
        "它还列出每个文件的大小和 SHA-256。判定所依据的标准也在其中。",
        f"引用格式：{title}，数据来源：{context.source}，由 qb {__version__} 整理。",
        "许可：由数据的提供单位规定；没有另行说明的，使用前请征得同意。",
    )
    en = (
        f"{made_up}Each table as CSV (UTF-8) and parquet; names, units and notes of the columns stand in "
        "`datapackage.json`, with the size and SHA-256 of every file. The standard that judges is enclosed.",
        f"Cite as: {title}. Source: {context.source}. Prepared with qb {__version__}.",
        "Licence: as the office that provides the data decides; where nothing else is said, ask before use.",
    )
    return "\n\n".join((f"# {title}", *(zh if lang == "zh" else en))) + "\n"

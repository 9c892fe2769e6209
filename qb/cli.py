"""The command line: parse, call, print."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click

from qb.errors import QbError

HOME = Path(__file__).resolve().parents[1]
SAMPLE = HOME / "data" / "sample"
KINDS = ("data", "district", "school")


class Sentences(click.Group):
    """A group whose commands end in a sentence and exit code 1 where the input cannot be used."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; say what is wrong instead of showing where the program stood."""
        try:
            return super().invoke(ctx)
        except QbError as error:
            click.echo(f"错误：{error}", err=True)
            ctx.exit(1)
        except click.UsageError as error:
            error.show()
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("已中断。", err=True)
            ctx.exit(1)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="qb", message="qb %(version)s")
def main() -> None:
    """义务教育优质均衡分析：区域是否均衡，还差什么，由谁负责。

    不熟悉时先运行 qb publish：用随附的模拟数据生成一个完整的报告网站。
    """


@main.command()
@click.argument("data", type=click.Path(path_type=Path), default=SAMPLE, required=False)
@click.option("--year", type=int, help="学年起始年，如 2025；默认取数据中最后一年。")
@click.option("--out", type=click.Path(path_type=Path), help="输出文件夹；默认 outputs/<县区>/<学年>/。")
@click.option("--only", type=click.Choice(KINDS), multiple=True, help="只生成某类页面，可多次给出。")
@click.option("--schools", "schools", multiple=True, help="只生成这些学校的页面（学校标识码），可多次给出。")
@click.option("--jobs", type=click.IntRange(min=1), help="同时运行的进程数；默认与处理器核数相同。")
@click.option("--standard", default="gulou-2023", show_default=True, help="评估标准：名称或 TOML 文件。")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="页面语言。")
def publish(data: Path, **options: object) -> None:
    """生成报告网站：区域报告、各校“一校一策”、数据概况和首页。

    DATA 是数据集文件夹；不写则用随附的模拟数据。

    \b
    例：
      qb publish
      qb publish 我的数据 --year 2025 --out 报告
      qb publish 我的数据 --only district
    """
    from qb.publish import publish as run

    options["jobs"] = options["jobs"] or os.cpu_count() or 1
    site = run(data, **options)
    click.echo(site.summary, err=True)
    click.echo(str(site.index))
    sys.exit(site.exit_code)


@main.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--year", type=int, help="学年起始年；默认取数据中最后一年。")
@click.option("--standard", default="gulou-2023", show_default=True, help="评估标准：名称或 TOML 文件。")
@click.option("--transition", is_flag=True, help="另按过渡条款评估一次，两种结论并列。")
@click.option("--json", "as_json", is_flag=True, help="在标准输出打印一个 JSON 文档，含全部结论和数值。")
def assess(data: Path, year: int | None, standard: str, transition: bool, as_json: bool) -> None:
    """评估：31 项指标、差异系数、各校和区域的结论。

    \b
    例：
      qb assess data/sample
      qb assess 我的数据 --year 2024 --json > 结果.json
    """
    from qb.dataset import read
    from qb.judge import assess as judge
    from qb.judge.document import document
    from qb.report.summary import summary

    result = judge(read(data), year, standard, transition)
    if as_json:
        click.echo(json.dumps(document(result), ensure_ascii=False, allow_nan=False))
    else:
        click.echo(summary(result))


@main.command()
@click.argument("table", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--recipe", type=click.Path(path_type=Path), help="转换规则（TOML），说明原表各列对应哪里。")
def convert(table: Path, out: Path, recipe: Path | None) -> None:
    """转换：任意表格按规则转成数据集，或在 CSV 与 parquet 之间互换。

    OUT 以 .parquet 结尾时写成 parquet 文件夹，否则写成 CSV 文件夹。

    \b
    例：
      qb convert 学校名录.csv 我的数据 --recipe data/recipes/tw_primary_schools.toml
      qb convert 我的数据 我的数据.parquet
    """
    from qb.checks import require
    from qb.dataset import read, write
    from qb.recipe import convert as apply
    from qb.recipe import load_recipe

    data = apply(table, load_recipe(recipe)) if recipe else read(table)
    require(data)
    write(data, out, format="parquet" if out.suffix == ".parquet" else "csv")
    rows = {name: len(frame) for name, frame in data.tables.items() if len(frame)}
    click.echo(f"已写入 {out}：" + "，".join(f"{name} {n} 行" for name, n in rows.items()) + "。", err=True)


@main.command()
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--schools", type=click.IntRange(min=1), default=30, show_default=True, help="每个县区的学校数。"
)
@click.option("--districts", type=click.IntRange(min=1), default=1, show_default=True, help="县区数。")
@click.option("--years", default="2021-2025", show_default=True, help="学年范围，如 2021-2025。")
@click.option("--seed", type=int, default=2025, show_default=True, help="随机种子；相同种子得到相同数据。")
def sample(out: Path, schools: int, districts: int, years: str, seed: int) -> None:
    """生成任意规模的模拟数据集，每一行都注明“模拟数据”。

    OUT 以 .parquet 结尾时写成 parquet 文件夹，否则写成 CSV 文件夹。

    \b
    例：
      qb sample 试用数据
      qb sample 大省.parquet --schools 160 --districts 158 --years 2025-2025
    """
    from qb.dataset import write
    from qb.sample import make

    data = make(schools=schools, districts=districts, years=_span(years), seed=seed)
    write(data, out, format="parquet" if out.suffix == ".parquet" else "csv")
    click.echo(f"已写入 {out}：{len(data['schools'])} 所学校（模拟数据）。", err=True)


def _span(years: str) -> range:
    first, _, last = years.partition("-")
    if not (first.isdigit() and (last or first).isdigit()) or int(first) > int(last or first):
        raise QbError(f"--years 应写成 2021-2025 的样子（起始年在前），现为“{years}”。")
    return range(int(first), int(last or first) + 1)


@main.command()
@click.option("--no-browser", is_flag=True, help="不自动打开浏览器。")
def lab(no_browser: bool) -> None:
    """在 JupyterLab 中打开笔记本；随附数据的位置已写在各笔记本的参数里。"""
    notebooks = HOME / "notebooks"
    if not notebooks.is_dir():
        raise QbError(f"没有找到笔记本文件夹 {notebooks}。请在项目文件夹中以 pip install -e . 安装。")
    command = [sys.executable, "-m", "jupyterlab", str(notebooks)]
    sys.exit(subprocess.call(command + ["--no-browser"] * no_browser))


if __name__ == "__main__":
    main()

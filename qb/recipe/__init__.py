"""Recipes: how a table made by others becomes tables of a dataset.

A recipe is a TOML file: for each table of ours, one block or several, each giving one row for each row
of the source. How to write one stands in ``data/README.md``.
"""

from qb.recipe.apply import RECIPE_RULES, convert
from qb.recipe.model import Recipe, RecipeError, load_recipe

__all__ = ["RECIPE_RULES", "Recipe", "RecipeError", "convert", "load_recipe"]

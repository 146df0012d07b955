"""Steps of a book that can be done apart from its pages, and the plan of all of them."""

from .plan import Page, Plan

__all__ = ["Page", "Plan"]

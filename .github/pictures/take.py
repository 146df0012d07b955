"""Takes the pictures of the README: the front page of the built book, and the report of an audit.

Usage: .venv/bin/python .github/pictures/take.py _build/html report
"""

import argparse
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from mempaper import pdf
from mempaper.files import write_atomic

FRONT = "book/intro.html"
PLACE = "#the-question-in-a-picture"
WIDTH = 1200
COLOURS = 256


def save(page: Page, name: str, **part: object) -> None:
    picture = Image.open(io.BytesIO(page.screenshot(**part))).convert("RGB")
    small = io.BytesIO()
    picture.quantize(COLOURS, kmeans=2, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    write_atomic(Path(__file__).with_name(name), small.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("book", type=Path, help="the folder of its pages")
    parser.add_argument("report", type=Path, help="the folder of the report")
    given = parser.parse_args()
    with sync_playwright() as session:
        browser = session.chromium.launch(
            executable_path=pdf.find_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            page = browser.new_page(viewport={"width": WIDTH, "height": 800}, color_scheme=scheme)
            page.goto((given.book / FRONT).absolute().as_uri())
            page.locator(PLACE).evaluate("place => place.scrollIntoView()")
            page.wait_for_timeout(1000)
            save(page, f"book-{scheme}.png")
            page.goto((given.report / "report.html").absolute().as_uri())
            end = page.locator("figure").first.evaluate(
                "first => first.offsetTop + first.offsetHeight"
            )
            whole = {"x": 0, "y": 0, "width": WIDTH, "height": end + 8}
            save(page, f"report-{scheme}.png", full_page=True, clip=whole)
        browser.close()


if __name__ == "__main__":
    main()

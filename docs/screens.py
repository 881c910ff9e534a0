"""Put the pictures that the browser tests took of every page together: light and dark, wide and on a phone.

`pytest tests/web/test_browser.py && python docs/screens.py` makes docs/images/pages anew.
"""

from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
SHOTS, SHEETS = HERE.parent / "build" / "screenshots", HERE / "images" / "pages"
WIDE, PHONE, GAP, TALLEST = 640, 220, 12, 900  # pixels of the sheet
ALONE = {  # in docs/pages.md: picture, width
    "page-drop": ("drop-1400-light", 1000),
    "page-measurement": ("measurement-1400-dark", 1000),
    "page-phone": ("measurement-390-light", 300),
}


def alone(shot: str, width: int) -> Image.Image:
    """Return one picture at a width; what is longer than the sheet is cut off."""
    picture = Image.open(SHOTS / f"{shot}.png").convert("RGB")
    picture = picture.resize((width, round(picture.height * width / picture.width)), Image.Resampling.LANCZOS)
    return picture.crop((0, 0, width, min(picture.height, TALLEST)))


def sheet(name: str) -> Image.Image:
    """Return the four pictures of a page beside each other; what is longer than the sheet is cut off."""
    parts = []
    for size, width in (("1400", WIDE), ("390", PHONE)):
        for scheme in ("light", "dark"):
            shot = Image.open(SHOTS / f"{name}-{size}-{scheme}.png").convert("RGB")
            shot = shot.resize((width, round(shot.height * width / shot.width)), Image.Resampling.LANCZOS)
            parts.append(shot.crop((0, 0, width, min(shot.height, TALLEST))))
    height = max(part.height for part in parts)
    made = Image.new("RGB", (sum(part.width for part in parts) + GAP * 5, height + 2 * GAP), "#8b949e")
    at = GAP
    for part in parts:
        made.paste(part, (at, GAP))
        at += part.width + GAP
    return made


def main() -> None:
    """Write a sheet for each page of which there are pictures."""
    SHEETS.mkdir(parents=True, exist_ok=True)
    for path in sorted(SHOTS.glob("*-1400-light.png")):
        name = path.name.removesuffix("-1400-light.png")
        sheet(name).save(SHEETS / f"{name}.webp", quality=72, method=6)
    for name, (shot, width) in ALONE.items():
        alone(shot, width).save(HERE / "images" / f"{name}.webp", quality=72, method=6)


if __name__ == "__main__":
    main()

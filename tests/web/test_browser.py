"""A real browser on every page: what a person does, nothing off the machine, nothing on the console, readable for all."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from closo import pipeline
from closo.pipeline.explained import CELL, keep_explained
from closo.report.build import build
from closo.web.workplace import Workplace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SIZES = {"1400": {"width": 1400, "height": 900}, "390": {"width": 390, "height": 844}}
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium on this machine (apt-get install chromium)"
)


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Return a function that opens an address in a fresh browser and fails, at the end, on anything that it complains of."""
    complaints: list[str] = []
    contexts = []

    def begin(address: str, size: str = "1400", scheme: str = "light", **more):
        context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, accept_downloads=True, **more)
        contexts.append(context)
        page = context.new_page()
        own = address.split("?", maxsplit=1)[0] if "?" in address else address.rsplit("/", 1)[0]
        page.on(
            "console", lambda m: complaints.append(f"console: {m.text}") if m.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda r: None if r.url.startswith((own, "data:", "blob:")) else complaints.append(r.url))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + e.blockedURI))"
        )
        page.set_default_timeout(30_000)
        page.goto(address)
        return page

    yield begin
    for context in contexts:
        context.close()
    assert complaints == []


def accessible(page) -> None:
    """Fail on what axe-core calls serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    said = [f"{v['id']}: {n['html'][:160]} {n['failureSummary'][:300]}" for v in serious for n in v["nodes"][:3]]
    assert said == []


def until(page, expression: str, limit: float = 30.0) -> None:
    """Wait until an expression holds; playwright's own way would need a page that allows eval."""
    end = time.monotonic() + limit
    while not page.evaluate(expression):
        assert time.monotonic() < end, f"never: {expression}"
        page.wait_for_timeout(50)


def drawn(page) -> None:
    page.wait_for_selector("figure .plot .xtick", state="attached")
    until(page, "[...document.querySelectorAll('.plot')].every(place => place.querySelector('.xtick'))")


def test_drop_drag_hold_rerun_keep_and_download(bench, live, visit, spectrum):
    page = visit(live(bench.place))
    page.set_input_files("#drop input[type=file] >> nth=0", spectrum)
    page.wait_for_selector("table.rows a")
    drawn(page)
    assert re.search(r"total resistance\s+(49\d|50\d)", page.inner_text("table.rows"))
    page.click("table.rows a")
    page.wait_for_selector("#settings")
    drawn(page)
    before = page.inner_text(".headline strong")

    box = page.locator(".plot").nth(1).locator(".nsewdrag").first.bounding_box()  # Bode: drag over its right half
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + box["height"] - 5, steps=5)
    page.mouse.up()
    until(page, "document.querySelector('[name=set-f_min]').value !== ''")
    low, high = (float(page.input_value(f"[name=set-f_{end}]")) for end in ("min", "max"))
    assert 100 < low < 1e4 < high <= 1e6
    page.locator("body").press("Control+z")
    assert page.input_value("[name=set-f_min]") == ""

    page.fill("[name=set-f_min]", "10 Hz")  # typed
    page.select_option("[name=mode-n1]", "hold")
    page.fill("[name=value-n1]", "0.999")
    page.click("#settings button.main >> nth=0")
    page.wait_for_selector(".draft")
    changed = page.inner_text(".draft table")
    assert "total resistance" in changed
    assert page.inner_text(".headline strong") == before  # nothing is changed until it is kept
    page.click(".draft button.main")
    page.wait_for_selector(".draft", state="detached")
    assert page.inner_text(".headline strong") != before
    assert page.input_value("[name=set-f_min]") == "10 Hz"
    accessible(page)
    for kind in ("svg", "png", "pdf", "csv"):
        with page.expect_download() as saved:
            page.click(f".under a:text-is('{kind.upper()}')")
        assert saved.value.suggested_filename.endswith(f".{kind}")
        assert Path(saved.value.path()).stat().st_size > 500


def test_a_point_is_left_out_by_a_click(bench, live, visit, spectrum):
    shown = bench.drop(spectrum)
    key = shown["files"][0]["measured"][0]["key"]
    page = visit(live(bench.place))
    page.goto(page.url.rsplit("/", 1)[0] + f"/measurement?key={key}")
    drawn(page)
    page.locator(".plot").nth(1).locator(".points path").nth(4).hover(force=True)
    page.locator(".plot").nth(1).locator(".nsewdrag").first.wait_for()
    place = page.locator(".plot").nth(1).locator(".points path").nth(4).bounding_box()
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    until(page, "document.querySelector('[name=set-leave_out]').value !== ''")
    assert re.fullmatch(r"\d+", page.input_value("[name=set-leave_out]"))


def test_files_dropped_with_the_mouse(bench, live, visit, spectrum):
    page = visit(live(bench.place))
    text = spectrum.read_text()
    page.evaluate(
        """([name, text]) => {
            const data = new DataTransfer();
            data.items.add(new File([text], name));
            document.getElementById('drop').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true}));
        }""",
        [spectrum.name, text],
    )
    page.wait_for_selector("table.rows a")
    assert spectrum.name in page.inner_text("table.rows")


LEGENDS_ON_TITLES = """[...document.querySelectorAll(".plot")].filter((plot) => {
    const boxes = [".legend", ".xtitle"].map((one) => plot.querySelector(one)?.getBoundingClientRect());
    const [a, b] = boxes;
    return a && b && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}).length"""


def test_study_compare_and_claims(opened, live, visit):
    page = visit(live(opened.place))
    assert "SYNTHETIC DATA" in page.inner_text("main")
    page.fill("[name=q]", "impedance milled-p1")
    page.click("text=find")
    page.wait_for_selector("text=milled-p1/impedance/milled-p1.par#2")
    for box in page.locator("main tbody input[type=checkbox]").all()[:3]:
        box.check()
    page.click("text=compare what is ticked")
    drawn(page)
    assert len(page.locator("figure").first.locator(".plot").nth(0).locator(".legend .traces").all()) >= 3
    assert page.evaluate(LEGENDS_ON_TITLES) == 0
    page.click("nav >> text=claims")
    page.click("text=supported >> nth=0")
    page.locator("summary").first.click()
    page.click("text=Evidence >> nth=0")
    accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", list(SIZES))
def test_every_page_looks_right_and_is_accessible(opened, live, visit, size, scheme, spectrum, element_map, limited):
    opened.drop(spectrum, element_map)
    text = (opened.place.folder / "study.toml").read_text() + '\n[cells.one]\narea = "0.785 cm2"\n'
    (opened.place.folder / "study.toml").write_text(text, encoding="utf-8")
    analysis = pipeline.analyse(opened.place.folder)
    keep_explained(analysis, CELL, limited)
    key = "milled-p1/impedance/milled-p1.par#2"
    page = visit(live(opened.place), size, scheme)
    start = page.url.rsplit("/", 1)[0]
    two = "key=milled-p1/arrhenius&key=A200-35-4h-p1/arrhenius"
    quoted = key.replace("#", "%23")
    places = {"drop": "/drop", "measurement": f"/measurement?key={quoted}", "study": "/study", "claims": "/claims",
              "compare": f"/compare?{two}", "work": "/work", "problems": "/study/problems", "pathways": "/pathways",
              "maps": "/maps?map=Si&x1=4.5&y1=4.5&x2=30.5&y2=28.5&width=3", "cell": "/cell"}  # fmt: skip
    SHOTS.mkdir(parents=True, exist_ok=True)
    for name, address in places.items():
        page.goto(start + address)
        if page.locator("figure").count():
            drawn(page)
        accessible(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= SIZES[size]["width"] + 1, f"{name} is {wide} wide"
        page.screenshot(path=SHOTS / f"{name}-{size}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_black_and_grey_bands_take_the_colour_of_the_text_in_the_dark(bench, live, visit, scheme):
    page = visit(live(bench.place), scheme=scheme)
    page.click("nav >> text=pathways")
    drawn(page)
    fills = "[...document.querySelectorAll('.plot .fills path')].map(path => getComputedStyle(path).fill)"
    text = page.evaluate("getComputedStyle(document.body).color")
    assert set(page.evaluate(fills)) == {text if scheme == "dark" else "rgb(0, 0, 0)"}
    given = {"fillcolor": "#00000033", "line": {"color": "#000000"}, "grey": "#77777733", "blue": "#0072B233"}
    shown = page.evaluate("given => themed(given)", given)
    assert (shown == given) == (scheme == "light")
    assert shown["fillcolor"] == shown["line"]["color"] + "33"
    assert shown["grey"].endswith("33")
    assert shown["blue"] == given["blue"]


def test_a_line_is_drawn_through_a_map_and_a_slider_is_moved(bench, live, visit, element_map):
    bench.drop(element_map)
    page = visit(live(bench.place))
    page.click("nav >> text=maps")
    drawn(page)
    box = page.locator(".plot").nth(0).locator(".nsewdrag").first.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
    until(page, "document.querySelectorAll('.plot').length === 3")
    assert float(page.input_value("[name=x1]")) == pytest.approx(0.2 * 36, abs=1.5)
    assert float(page.input_value("[name=x2]")) == pytest.approx(0.8 * 36, abs=1.5)
    page.fill("[name=width]", "5")  # typed
    page.keyboard.press("Enter")
    until(page, "document.querySelector('figcaption').textContent.includes('5 wide')")
    page.click("nav >> text=pathways")
    drawn(page)
    before = page.inner_text(".headline strong")
    page.focus("#slide-thickness")
    page.keyboard.press("ArrowRight")
    until(page, f"document.querySelector('.headline strong').textContent !== {json.dumps(before)}")
    assert page.evaluate("document.activeElement.id") == "slide-thickness"
    assert page.input_value("[name=thickness]") == "2.1"
    assert "thickness=2.1" in page.url


def test_it_works_at_twice_the_size(opened, live, visit):
    page = visit(live(opened.place))
    page.set_viewport_size({"width": 700, "height": 450})  # 1400 px at 200 %
    for address in ("/study", "/measurement?key=milled-p1/arrhenius", "/claims", "/drop"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 701


def test_the_keyboard_is_enough(bench, live, visit, spectrum):
    bench.drop(spectrum)
    page = visit(live(bench.place))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('table.rows a')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#settings")
    page.focus("[name=set-f_max]")
    page.keyboard.type("100 kHz")
    page.keyboard.press("Enter")
    page.wait_for_selector(".draft")


PAYLOADS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "</script><script>alert(1)</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "{{7*7}}{% raw %}",
    "$\\frac{1}$",
    "%{x}<b>bold</b>",
    "<iframe src=http://evil.example>",
    "<style>*{display:none}</style>",
    "' onmouseover='alert(1)",
    "<!--",
    "&lt;script&gt;",
    "\u202eevil",
    "javascript:alert(1)//",
)


def test_hostile_texts_are_shown_as_they_are(study, live, visit, tmp_path, hostile_files):
    text = (study / "study.toml").read_text()
    title = next(line for line in text.splitlines() if line.startswith("title"))
    evil = " ".join(PAYLOADS)
    (study / "study.toml").write_text(text.replace(title, f"title = {json.dumps(evil)}"), encoding="utf-8")
    claim = '\n[[claims]]\nid = "X{}"\ntext = {}\nno_data = {}\n'
    told = "".join(claim.format(k, json.dumps(one), json.dumps(one)) for k, one in enumerate(PAYLOADS))
    (study / "claims.toml").write_text((study / "claims.toml").read_text() + told, encoding="utf-8")
    page = visit(live(Workplace(study, tmp_path)))
    assert page.inner_text("h1").split() == evil.split()
    start = page.url.rsplit("/", 1)[0]
    page.goto(f"{start}/claims")
    shown = page.inner_text("main")
    for one in PAYLOADS:
        assert " ".join(one.split()) in " ".join(shown.split())
    page.goto(f"{start}/drop")
    page.set_input_files("#drop input[type=file] >> nth=0", hostile_files)
    until(page, f"document.querySelectorAll('table.rows tbody a').length === {len(hostile_files)}")
    drawn(page)
    keys = page.evaluate("[...document.querySelectorAll('table.rows tbody a')].map(a => a.getAttribute('href'))")
    for address in keys:
        page.goto(start + address)
        drawn(page)
        page.locator(".plot").nth(0).locator(".points path").nth(4).hover(force=True)
    page.goto(f"{start}/compare?" + "&".join(address.partition("?")[2] for address in keys))
    drawn(page)


@pytest.fixture
def hostile_files(tmp_path, spectrum) -> list[Path]:
    """Return spectra with the names that a file system allows to be worst."""
    paths = []
    for k, payload in enumerate(PAYLOADS[:6]):
        path = tmp_path / f"{payload.replace('/', chr(0x2215))}{k}.csv"
        path.write_text(spectrum.read_text())
        paths.append(path)
    return paths


def test_without_script_the_forms_still_work(bench, live, visit, spectrum):
    page = visit(live(bench.place), java_script_enabled=False)
    page.set_input_files("#drop input[type=file] >> nth=0", spectrum)
    page.click("#drop .send")
    bench.settle()
    page.goto(page.url)
    page.click("table.rows a")
    page.fill("[name=set-f_max]", "100 kHz")
    page.click("#settings button.main >> nth=0")
    page.click(".draft button.main")
    assert page.input_value("[name=set-f_max]") == "100 kHz"


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_the_report_is_accessible(analysed, browser, tmp_path_factory, width):
    folder = tmp_path_factory.mktemp("report")
    analysis = pipeline.recall(analysed)
    address = build(
        analysis, folder, verdicts=pipeline.judge(analysis), problems=pipeline.check(analysis.study), pdf=False
    )
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(address.resolve().as_uri())
    accessible(page)
    page.close()

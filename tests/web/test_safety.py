"""The threats that concern a page: each route of the router is asked as an attacker would ask."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import re
import resource
import tempfile
import time
from pathlib import Path

import pytest

from closo.errors import StudyError
from closo.pipeline.plan import supplied_files
from closo.study import load
from closo.techniques import get
from closo.web import serving
from closo.web.app import PAGES, plotly_script
from closo.web.safety import Access, Guard, read_users, user_line
from closo.web.serving import Asked
from closo.web.workplace import Workplace

ORIGIN = "http://127.0.0.1:8322"
ROUTES = sorted(
    (method, route.path)
    for page in PAGES
    for route in page.router.routes
    for method in route.methods
    if method != "HEAD"
)
UNSAFE = [(m, p) for m, p in ROUTES if m != "GET"]


def filled(path: str) -> str:
    return path.replace("{kind}", "csv")


def test_there_are_routes_to_be_asked():
    assert len(ROUTES) >= 25
    assert {"/drop/files", "/measurement/run", "/measurement/keep", "/work/analyse", "/drop/study"} <= {
        p for _, p in UNSAFE
    }


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_without_a_session_gets_anything(opened, method, path):
    opened.client.cookies.clear()
    answer = opened.client.request(method, filled(path), headers={"origin": ORIGIN}, follow_redirects=False)
    if (method, path) == ("GET", "/login"):
        assert answer.status_code == 200  # there is nothing in it
        return
    assert answer.status_code == 401
    assert "Na2B12H12" not in answer.text


@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1:8322", None]
)
def test_changes_come_from_the_page_alone(opened, method, path, origin):
    headers = {} if origin is None else {"origin": origin}
    assert opened.client.request(method, filled(path), headers=headers).status_code == 403


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_another_name_of_this_machine_is_not_answered(opened, method, path):
    """Or else a name of the attacker that leads to 127.0.0.1 would make his page one of ours."""
    for host in ("evil.example", "127.0.0.1.evil.example:8322", "127.0.0.1", ""):
        headers = {"host": host, "origin": ORIGIN}
        assert opened.client.request(method, filled(path), headers=headers).status_code == 403


def test_the_token_opens_once(tmp_path, serve_page):
    with serve_page(Workplace(None, tmp_path)) as served:
        app, client = served.app, served.client
        client.cookies.clear()
        assert app._access.token == ""  # spent
        assert client.get("/?token=").status_code == 401
        app._access.token = "secret"
        assert client.get("/?token=secre").status_code == 401
        came = client.get("/?token=secret", follow_redirects=False)
        assert came.status_code == 303
        cookie = came.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "secret" not in came.headers["location"] + cookie
        client.cookies.clear()
        assert client.get("/?token=secret").status_code == 401


@pytest.mark.parametrize("address", ["/drop", "/nothing", "/static/app.js", "/drop?format=json", "/measurement?key=x"])
def test_every_answer_tells_the_browser_what_it_may_do(bench, address):
    headers = bench.get(address).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "http" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"  # with none at all a plain form says Origin: null


def test_a_refusal_has_the_same_headers(bench):
    bench.client.cookies.clear()
    assert "content-security-policy" in bench.get("/drop").headers


@pytest.mark.parametrize(
    "key",
    ["../../etc/passwd", "/etc/passwd", "drop:../../x", "drop:", "..%2f..%2fetc%2fpasswd", "x" * 5000, "a\0b", "<script>",
     "C:\\windows", "${7*7}", "'; DROP TABLE results; --", "\u202e", "%00", "file:///etc/passwd", "http://evil.example"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/measurement", "/download/figure.svg", "/download/script.py", "/download/table.csv"])
def test_a_key_is_a_name_and_no_path(opened, path, key):
    answer = opened.client.get(path, params={"key": key})
    assert answer.status_code == 422
    assert "root:" not in answer.text
    assert "<script>" not in answer.text.replace('<script src="/static/', "")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../../etc/passwd", "raw/../../x.cif", "~/x.cif", "file:///etc/passwd"]
)
def test_a_setting_that_names_a_file_opens_none_of_the_server(opened, spectrum, name):
    pattern = spectrum.with_name("pattern.xy")
    pattern.write_text("\n".join(f"{10 + 0.02 * k:.2f} {100 + k % 7}" for k in range(2000)))
    (one,) = opened.drop(pattern)["files"][0]["measured"]
    answer = opened.post("/measurement/run", data={"key": one["key"], "set-phases": name, "set-anode": "Cu"})
    assert answer.status_code == 422
    assert "is on the bench" in answer.text
    with pytest.raises(StudyError):
        supplied_files(load(opened.place.folder), get("diffraction"), {"phases": name})


@pytest.mark.parametrize("name", ["app.py", "../app.py", "..%2fapp.py", "%2e%2e/app.py", "plotly.min.js/..", ""])
def test_static_files_are_three(bench, name):
    assert bench.get(f"/static/{name}").status_code == 404


def asgi(app, *, chunks, headers=(), pause=0.0, path="/drop/files"):
    """Send a request chunk by chunk, without saying how long it is; return status and how many chunks were taken."""
    taken = 0
    started = {}

    async def receive():
        nonlocal taken
        if taken < len(chunks):
            await asyncio.sleep(pause)
            taken += 1
            return {"type": "http.request", "body": chunks[taken - 1], "more_body": taken < len(chunks)}
        await asyncio.sleep(3600)

    async def send(message):
        if message["type"] == "http.response.start":
            started["status"] = message["status"]

    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
             "scheme": "http", "http_version": "1.1", "server": ("127.0.0.1", 8322), "client": ("127.0.0.1", 1),
             "headers": [(b"host", b"127.0.0.1:8322"), (b"origin", ORIGIN.encode()), *headers]}  # fmt: skip
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 60))
    return started["status"], taken


def cookie_of(served) -> tuple[bytes, bytes]:
    return b"cookie", f"closo={served.client.cookies['closo']}".encode()


FORM = (b"content-type", b"multipart/form-data; boundary=x")
START = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\n'


def test_an_upload_that_is_too_large_is_stopped_on_its_way(bench, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))  # other tests write to the common one
    bench.app._access.largest = 20 * 1024**2
    chunk = b"1" * 1024**2
    before, files = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, set(Path(tempfile.gettempdir()).iterdir())
    status, taken = asgi(bench.app, chunks=[START, *[chunk] * 400], headers=[cookie_of(bench), FORM])
    assert (status, taken) == (413, 21)  # not a byte more than the limit is taken
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60e3
    assert set(Path(tempfile.gettempdir()).iterdir()) - files == set()
    assert bench.json("/drop")["files"] == []
    told = bench.post("/drop/files", content=b"x", headers={"content-length": str(10**12)})
    assert told.status_code == 413


def test_a_slow_sender_is_not_waited_for(bench):
    bench.app._access.slowest = 0.3
    start = time.monotonic()
    assert asgi(bench.app, chunks=[START, b"1"], pause=5.0, headers=[cookie_of(bench), FORM])[0] == 408
    assert time.monotonic() - start < 4


def test_a_flood_of_fields_is_refused(bench):
    flood = (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="a%d"\r\n\r\nb\r\n' % k for k in range(20_000))
        + b"--x--"
    )
    for path in ("/drop/files", "/drop/given", "/measurement/run"):
        assert asgi(bench.app, chunks=[flood], headers=[cookie_of(bench), FORM], path=path)[0] == 400


def test_formulas_in_names_are_neutralised_and_numbers_are_not(bench, spectrum):
    for start in ("=", "+", "-", "@"):
        path = spectrum.with_name(f"{start}cmd({ord(start)}).csv")
        path.write_text(spectrum.read_text())
        bench.drop(path)
    lines = bench.get("/download/table.csv").text.splitlines()[3:]
    assert len(lines) > 10
    assert not [line for line in lines if line.lstrip('"')[:1] in "=+-@"]
    assert re.search(
        r",-\d",
        bench.get(f"/download/figure.csv?key={bench.json('/drop')['overlay'][0]}".replace("key=", "key=drop:")).text,
    )


def test_what_users_wrote_is_sent_to_be_saved_and_never_shown(bench, spectrum):
    bench.drop(spectrum)
    key = f"drop:{bench.json('/drop')['overlay'][0]}"
    for kind in ("svg", "pdf", "png", "csv"):
        answer = bench.client.get(f"/download/figure.{kind}", params={"key": key})
        assert answer.headers["content-disposition"].startswith("attachment; filename=")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "lab.example.org"])
def test_others_are_not_answered_without_users_and_tls(host, tmp_path):
    with pytest.raises(StudyError, match="no users are given"):
        serving._refuse_open(Asked(host=host))
    with pytest.raises(StudyError, match="unencrypted"):
        serving._refuse_open(Asked(host=host, users=tmp_path / "users"))
    with pytest.raises(StudyError, match="not an https address"):
        serving._refuse_open(Asked(host=host, users=tmp_path / "users", proxy="http://x"))
    serving._refuse_open(Asked(host=host, users=tmp_path / "users", proxy="https://x"))
    with pytest.raises(StudyError, match="no users"):
        serving._refuse_open(Asked(proxy="https://x"))
    serving._refuse_open(Asked())


def test_the_command_refuses_in_a_sentence(closo, tmp_path):
    code, _, said = closo("serve", "--host", "0.0.0.0", "--no-browser")
    assert code == 2
    assert "no users are given" in said
    code, _, said = closo("serve", tmp_path / "nothing", "--no-browser")
    assert code == 2
    assert "Traceback" not in said


def test_a_group_logs_in(tmp_path, serve_page, analysed):
    file = tmp_path / "users"
    file.write_text(user_line("anna", "correct horse") + "\n" + user_line("ben", "another password") + "\n")
    assert "correct" not in file.read_text()
    with serve_page(Workplace(analysed, tmp_path), users=read_users(file)) as served:
        assert served.client.get("/study").status_code == 401
        page = {"accept": "text/html"}
        assert served.client.get("/study", headers=page, follow_redirects=False).headers["location"] == "/login"
        assert served.client.get(f"/?token={served.app._access.token}").status_code == 401  # a group has no token
        for name, password in (("anna", "wrong"), ("anna", ""), ("carl", "correct horse"), ("", "")):
            assert served.post("/login", data={"name": name, "password": password}).status_code == 401
        assert served.post("/login", data={"name": "anna", "password": "correct horse"}).status_code == 200
        assert served.get("/study").status_code == 200
        assert served.post("/logout").status_code == 200
        assert served.client.get("/study").status_code == 401


def test_guessing_is_slowed_down(tmp_path):
    access = Access((ORIGIN,), users={"anna": user_line("anna", "correct horse").partition(":")[2]})
    for _ in range(5):
        assert not access.login("anna", "wrong")
    assert not access.login("anna", "correct horse")  # asked too often: nobody is let in for a while


def test_users_do_not_see_each_others_files(tmp_path, serve_page, spectrum):
    users = {n: user_line(n, "correct horse").partition(":")[2] for n in ("anna", "ben")}
    with serve_page(Workplace(None, tmp_path), users=users) as served:
        served.post("/login", data={"name": "anna", "password": "correct horse"})
        key = served.drop(spectrum)["files"][0]["measured"][0]["key"]
        assert served.client.get("/measurement", params={"key": key}).status_code == 200
        served.client.cookies.clear()
        served.post("/login", data={"name": "ben", "password": "correct horse"})
        assert served.json("/drop")["files"] == []
        assert served.client.get("/measurement", params={"key": key}).status_code == 422


def test_the_script_that_is_served_is_the_one_that_was_looked_at(bench):
    content = plotly_script().read_bytes()
    assert bench.get("/static/plotly.min.js").content == content
    recorded = (Path(__file__).parent / "plotly.sha256").read_text().split()
    assert recorded == [hashlib.sha256(content).hexdigest(), importlib.metadata.version("plotly")]
    assert b"Licensed under the MIT license" in content[:300] or b"MIT" in content[:500]


def test_no_script_of_others_is_in_the_repository():
    root = Path(__file__).parents[2]
    scripts = [path for path in (root / "src").rglob("*.js")]
    assert [path.name for path in scripts] == ["app.js", "report.js"]  # ours
    assert scripts[0].stat().st_size < 20_000


def test_a_websocket_is_closed(bench):
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(Guard(None, Access((ORIGIN,)))({"type": "websocket"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]


NOT_NUMBERS = ["nan", "1e999", "-1", "9" * 5000, "<script>alert(1)</script>", "0x10", "1;2", "\0", "35%00"]


@pytest.mark.parametrize("text", NOT_NUMBERS)
@pytest.mark.parametrize("path", ["/pathways", "/download/pathways.csv"])
def test_what_is_no_number_moves_no_slider(bench, path, text):
    answer = bench.client.get(path, params={"filler": text})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    shown = bench.client.get(path, params={"filler": text, "format": "json"})
    assert shown.headers["content-type"] == "application/json"
    assert shown.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "kind", ["exe", "html", "svg%00", "..%2f..%2fetc%2fpasswd", "svg.html", "SVG", "%0d%0aset-cookie:a=b"]
)
@pytest.mark.parametrize("what", ["pathways", "map", "overlay", "figure", "table", "report"])
def test_only_files_of_known_kinds_are_made(opened, what, kind):
    key = next(iter(opened.place.analysis().results))
    answer = opened.client.get(f"/download/{what}.{kind}", params={"key": key})
    assert answer.status_code in (404, 422)
    assert "set-cookie" not in answer.headers
    assert "root:" not in answer.text


OFF_THE_MAP = [{"width": "1e9"}, {"width": "-1"}, {"x1": "1e9"}, {"x2": "nan"}, {"y1": "-0.001"}]


def test_a_line_off_the_map_is_refused_and_fills_no_memory(bench, element_map):
    (one,) = bench.drop(element_map)["files"][0]["measured"]
    line = {"key": one["key"], "x1": "0", "y1": "0", "x2": "3", "y2": "3"}
    for path in ("/maps", "/download/map.csv"):
        for asked in OFF_THE_MAP:
            assert bench.client.get(path, params=line | asked).status_code == 422
        answer = bench.client.get(path, params=line | {"map": "<img onerror=a>"})
        assert answer.status_code == 200  # of the first map
        assert "<img onerror" not in answer.text


def test_a_flood_of_words_in_the_address_is_only_slow(opened):
    keys = [("key", f"x{k}") for k in range(4000)]
    for path in ("/cell", "/maps", "/pathways", "/compare"):
        assert opened.client.get(path, params=keys).status_code in (200, 422)


def test_long_work_cannot_be_asked_for_by_reading(opened):
    for path in ("/work/analyse", "/work/explain", "/work/report", "/drop/study", "/measurement/keep"):
        assert opened.get(path).status_code in (404, 405)
        assert opened.client.head(path).status_code in (404, 405)
    assert opened.place.work is None

"""Opens what `trainer report` and `trainer compare --html` write in real Chromium; interop/run.sh calls it.

    python interop/check_pages.py TRAINER WORK_FOLDER

Each page, at 400 and at 1600 pixels: its scripts and styles say nothing on the console, it asks for
nothing beside itself, nothing is wider than the window, every picture is decoded. Chromium is
chromium, chromium-browser or google-chrome of $PATH, or $CHROMIUM; without one the pages are skipped.
"""
import html
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

from report import Report, demand

WIDTHS = 400, 1600
COMMON = ["training.device=cpu", "training.threads=1", "training.log_every_steps=2"]
SHAPES = ["data.source=shapes", "data.count=320", "data.image_size=16"]
MODELS = {
    "vae": ["model={type: vae, latent_dim: 4, encoder: {hidden_dims: [32]}}"],
    "wide": ["model={type: vae, variant: beta_vae, beta: 4, latent_dim: 4, encoder: {hidden_dims: [32]}}"],
    "sae": ["model={type: sae, variant: topk, d_sae: 64, k: 4}"],
    "classifier": ["data.label=shape", "model={type: custom_model, loss: cross_entropy, layers: [flatten, linear: 4]}"],
    "one_epoch": ["model={type: vae, latent_dim: 1, encoder: {hidden_dims: [8]}}", "training.epochs=1", "data.split={train: 1.0}"],
    "two_epochs": ["model={type: vae, latent_dim: 2, encoder: {hidden_dims: [8]}}", "training.optimizer.lr=1e-3", "training.steps=12", "training.epochs=null"],
}

# The page in two frames; what they hold is measured when they are loaded.
FRAMES = """<!DOCTYPE html><title>frames</title><body style="margin:0"><script>
const found = [];
for (const width of %s) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `border:0;width:${width}px;height:900px`;
  frame.src = %s;
  frame.onload = async () => {
    const page = frame.contentDocument, images = [...page.images];
    await Promise.allSettled(images.map(image => image.decode()));
    const wide = [...page.querySelectorAll("body *")].filter(e => !e.closest(".wide, svg") && e.getBoundingClientRect().right > width + 0.5);
    found.push({width, scroll: page.documentElement.scrollWidth, wide: wide.map(e => e.tagName + "." + e.className),
      images: images.length, broken: images.filter(image => !image.naturalWidth).length, drawings: page.querySelectorAll("svg").length, title: page.title});
    const out = document.getElementById("found") || document.body.appendChild(Object.assign(document.createElement("pre"), {id: "found"}));
    out.textContent = JSON.stringify(found);
  };
  document.body.append(frame);
}
</script></body>"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the work folder, and /frames/PAGE."""

    def do_GET(self):
        if not self.path.startswith("/frames/"):
            return super().do_GET()
        body = (FRAMES % (json.dumps(WIDTHS), json.dumps(self.path.removeprefix("/frames")))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def browser():
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((path for name in names if name and (path := shutil.which(name))), None)


def look(chromium, base, page):
    """What Chromium says of a page: measurements, console lines, requests."""
    with tempfile.TemporaryDirectory() as profile:
        log = pathlib.Path(profile) / "net.json"
        done = subprocess.run(
            [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--hide-scrollbars", f"--user-data-dir={profile}/user", "--window-size=2100,1000", "--enable-logging=stderr",
             f"--log-net-log={log}", "--virtual-time-budget=20000", "--dump-dom", f"{base}/frames/{page}"],
            capture_output=True, text=True, timeout=120)
        requests = {m for m in re.findall(r'"url":"(https?:[^"]+)"', log.read_text()) if not m.startswith(base + "/")} if log.exists() else {"no log was written"}
        initiated = {url for url in requests if re.search(r'"initiator":"' + re.escape(base) + r'[^}]*"url":"' + re.escape(url), log.read_text())} if log.exists() else requests
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.S)
    demand(found, f"Chromium showed nothing: {done.stderr[-500:]}")
    return json.loads(html.unescape(found[1])), re.findall(r"CONSOLE.*", done.stderr), initiated


def page(chromium, base, path, drawings, images):
    measured, console, outside = look(chromium, base, path)
    demand(not console, f"on the console: {console}")
    demand(not outside, f"asks for {sorted(outside)}")
    demand(sorted(m["width"] for m in measured) == sorted(WIDTHS), f"{len(measured)} of {len(WIDTHS)} widths were shown")
    for m in measured:
        demand(m["scroll"] <= m["width"] and not m["wide"], f"at {m['width']} pixels it is {m['scroll']} wide: {m['wide'][:5]}")
        demand(not m["broken"], f"{m['broken']} of {m['images']} pictures are broken")
        demand(m["drawings"] >= drawings and m["images"] >= images, f"{m['drawings']} drawings and {m['images']} pictures, expected {drawings} and {images} at least")
    return f"{measured[0]['drawings']} drawings, {measured[0]['images']} pictures"


def run(trainer, *words):
    done = subprocess.run([trainer, *words], capture_output=True, text=True, timeout=300)
    demand(done.returncode == 0, f"trainer {' '.join(words)}: exit code {done.returncode}: {done.stderr.strip()}")


def make(trainer, work):
    """Trains every model for some steps, and writes the pages."""
    for name, settings in MODELS.items():
        config = work / f"{name}.yaml"
        config.write_text("model: {type: vae}\ndata: {batch_size: 32}\ntraining: {epochs: 4}\n")
        words = [w for s in [*SHAPES, *COMMON, f"experiment.name={name}", f"experiment.output_dir={work}/runs", *settings] for w in ("--set", s)]
        run(trainer, "train", str(config), "--quiet", "--no-progress", *words)
        run(trainer, "report", f"{work}/runs/{name}", "--quiet")
    run(trainer, "compare", f"{work}/runs/vae", f"{work}/runs/wide", "--html", f"{work}/compare.html")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    trainer, work = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()
    work.mkdir(exist_ok=True)
    report, chromium = Report(), browser()
    pages = {"vae": (7, 3), "sae": (9, 3), "classifier": (5, 0), "one_epoch": (3, 3), "two_epochs": (4, 3)}
    if not chromium:
        for name in [*pages, "compare"]:
            report.skip(f"page of {name}", "there is no Chromium here")
        return report.close("pages")
    if report.check("pages: train and report", make, trainer, work):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Quiet(*a, directory=str(work)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        for name, (drawings, images) in pages.items():
            report.check(f"page of {name}", page, chromium, base, f"runs/{name}/report/index.html", drawings, images)
        report.check("page of compare", page, chromium, base, "compare.html", 3, 0)
        server.shutdown()
    return report.close("pages")


if __name__ == "__main__":
    sys.exit(main())

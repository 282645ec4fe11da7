"""What workers send is made without the library that checks it, and a file is read without what other formats need."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import kimi_files.extract
from kimi_files.workers.process import JOBS


def test_no_job_and_no_reader_loads_pydantic() -> None:
    """It would take a fresh worker as long to load as most files to read."""
    readers = [module.name for module in pkgutil.iter_modules(kimi_files.extract.__path__, "kimi_files.extract.")]
    jobs = {job.partition(":")[0] for job in JOBS.values()}
    imported = sorted({*readers, *jobs} - {"kimi_files.extract.checked"})
    program = f"import sys, {', '.join(imported)}; print('pydantic' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


_READS_OLD_FORMATS = """
import gzip, io, sys
from kimi_files.extract.jobs import extract
for path in sys.argv[1:]:
    content = open(path, "rb").read()
    name = path.removesuffix(".gz")
    content = gzip.decompress(content) if name != path else content
    print(len(list(extract(io.BytesIO(content), {"name": name}, iter(())))) > 1)
print(sorted({"chardet", "urllib.request", "xml.parsers.expat", "zipfile"} & set(sys.modules)))
"""


def test_the_old_office_formats_load_nothing_for_packages_and_no_http_client() -> None:
    """A fresh worker took three times as long to load those as to read."""
    samples = Path(__file__).parents[2] / "samples" / "files"
    files = [str(samples / name) for name in ("report.doc", "talk.ppt.gz", "positions.xls")]
    program = [sys.executable, "-c", _READS_OLD_FORMATS, *files]
    found = subprocess.run(program, capture_output=True, text=True, check=True)
    assert found.stdout.split("\n") == ["True", "True", "True", "[]", ""]

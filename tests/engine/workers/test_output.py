"""What workers send is made without the library that checks it."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

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

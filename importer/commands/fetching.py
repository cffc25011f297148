"""The sheet of a command, also one that lies at a web address."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from importer.client.fetching import PATIENCE, fetch
from importer.commands.opening import finished
from importer.errors import SourceError, UsageError
from importer.errors.addresses import without_secrets
from importer.sources import Source, is_address, open_fetched

if TYPE_CHECKING:
    from importer.commands.loading import Job
    from importer.commands.stopping import Stopping
    from importer.model import Observer


def open_sheet(job: Job, stopping: Stopping, observer: Observer) -> Source:
    """Open the sheet that a command was asked for; one at a web address is fetched once, and removed when it is closed.

    Raises UsageError where none is named, SourceError where it cannot be read, Outage where it cannot be fetched.
    """
    address = job.sheet
    if not isinstance(address, str) or not is_address(address):
        return job.open_sheet()
    name = without_secrets(address)
    if job.options.offline:
        raise UsageError(
            f"--offline uses no network, but the sheet lies at {name}.", "Download the sheet, and name the file."
        )
    observer.say(f"Fetching {name}.")
    try:
        with tempfile.NamedTemporaryFile(prefix="importer-", suffix=".fetched", delete=False) as file:
            path = Path(file.name)
            try:
                patience = min(PATIENCE, job.options.deadline or PATIENCE)
                fetched = finished(stopping.unless_told(fetch(address, file, patience=patience)))
            except BaseException:  # whatever it was, the copy goes
                path.unlink(missing_ok=True)
                raise
        return open_fetched(path, job.mapping.source, address, charset=fetched.charset)
    except OSError as error:
        raise SourceError(
            f"{name} cannot be kept while it is read: {error.strerror or error}.",
            f"Make room in the folder for temporary files ({tempfile.gettempdir()}; TMPDIR names another).",
        ) from error

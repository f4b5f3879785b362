"""Turn files that COPY cannot read into objects that it can."""

from __future__ import annotations

from typing import Any, TypedDict

from lakeport import settings
from lakeport.airflow.operators.files import FilesOperator
from lakeport.airflow.tasks import Context, retried_if_worth_it, task_run_of
from lakeport.errors import ObjectChanged, UnloadableFile
from lakeport.files import s3_objects
from lakeport.model import RegisteredFile
from lakeport.preparing.prepare import listed, prepare
from lakeport.schema.facts import FileFacts
from lakeport.schema.file_type import FileType


class Prepared(TypedDict):
    """What became of a file: the key of the list of its objects, or why there are none."""

    list: str
    unloadable: str


class PrepareFilesOperator(FilesOperator):
    """Unpack, convert and transform each file into objects of the work bucket and hand on where their list is.

    Where all files are loaded, one that cannot be is handed on with the reason, so that the others go on.  Safe to
    repeat: the same file gives the same objects under the same keys.
    """

    def __init__(self, *, file_type: FileType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.file_type = file_type

    def prepare(self, file: RegisteredFile, run_id: str) -> Prepared:
        s3, bucket = s3_objects.s3_client(), settings.work_bucket()
        source = file.source(self.file_type.format.compression)
        facts = FileFacts.of(self.file_type, file, run_id)
        key = prepare(s3, self.file_type, source, bucket, f"prepared/{file.file_id}", facts=facts)
        made = listed(s3, bucket, key)
        size_bytes = sum(each.size_bytes for each in made)
        self.log.info("%s: %d bytes became %d in %d objects", file.key, file.size_bytes, size_bytes, len(made))
        return {"list": key, "unloadable": ""}

    def prepare_or_tell(self, file: RegisteredFile, run_id: str) -> Prepared:
        try:
            return self.prepare(file, run_id)
        except (UnloadableFile, ObjectChanged) as error:
            self.log.error("%s", error)  # noqa: TRY400 - the message says it all, and the load tells it again
            return {"list": "", "unloadable": str(error)}

    def execute(self, context: Context) -> list[Prepared]:
        run_id = task_run_of(context).run_id
        prepare = self.prepare_or_tell if self.file_type.landing.select == "all" else self.prepare
        with retried_if_worth_it():
            return [prepare(file, run_id) for file in self.chosen()]

"""Files of clients: reading one row by row, writing one line by line, and no cell a formula (TT6, TT10).

::

    file = open_client_file(upload, custom={"shoe_size": "Shoe size"})
    for row in file.rows:
        draft = record_from_row(row, file.layout, check)   # InvalidInput: why this row cannot be a client

    writer = FileWriter(custom=("shoe_size",))
    yield writer.header()
    yield writer.line(values_of(record, number))

Nothing in here knows a clock, a store or a business: it is text in, values out, and back.
"""

from clientportal.client_files.columns import CUSTOM, STANDARD_COLUMNS, FileLayout, columns_for, read_header
from clientportal.client_files.drafts import ContactCheck, record_from_row
from clientportal.client_files.reading import DELIMITERS, ClientFile, FileRow, open_client_file
from clientportal.client_files.writing import FileWriter, values_of, write_client_file

__all__ = [
    "CUSTOM",
    "DELIMITERS",
    "STANDARD_COLUMNS",
    "ClientFile",
    "ContactCheck",
    "FileLayout",
    "FileRow",
    "FileWriter",
    "columns_for",
    "open_client_file",
    "read_header",
    "record_from_row",
    "values_of",
    "write_client_file",
]

"""`python -m tests.fleet`: prints the figures of docs/fleet.md, and writes them and its picture."""

from tests.fleet.page import PAGE, PICTURE, drawn, filled, tables

if __name__ == "__main__":
    print(tables())
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    PICTURE.write_text(drawn(), encoding="utf-8")

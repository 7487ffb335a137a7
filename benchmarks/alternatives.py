"""The comparison of `bench_reconciliation` as pandas and datacompy make it; for a Python that has both.

Two files stand for the two sides, as the database writes them with COPY. Each alternative reads both, text as text so
that no digit is lost. pandas merges on the reference and names the verdict of every row; datacompy compares columns.
Both are timed for the comparison alone, and pandas once more with its pairs and their verdicts written to a file, which
is what a database takes in to keep them.

Run: python benchmarks/alternatives.py OURS.csv THEIRS.csv PAIRS.csv; prints the seconds of each as JSON
"""

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

#: The columns of both files, in the order in which they decide.
DECIDING = ["type", "asset", "client", "amount", "status"]
Frames = tuple[Any, Any]


def main(ours: str, theirs: str, kept: str) -> None:
    """Time both alternatives over the same two files."""
    pandas, numpy, datacompy = (importlib.import_module(name) for name in ("pandas", "numpy", "datacompy"))

    def read() -> Frames:
        return pandas.read_csv(ours, dtype=str), pandas.read_csv(theirs, dtype=str)

    took = {
        "pandas merge": seconds(lambda: judged(read(), numpy)),
        "pandas merge, kept": seconds(lambda: judged(read(), numpy).to_csv(kept, index=False)),
        "datacompy": seconds(lambda: compared(read(), datacompy)),
    }
    print(json.dumps(took))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def judged(frames: Frames, numpy: Any) -> Any:
    """Merge both sides and name the verdict of each pair: the first test it fails."""
    ours, theirs = frames
    theirs["copies"] = theirs.groupby("reference")["reference"].transform("size")
    pairs = ours.merge(theirs, on="reference", how="outer", suffixes=("_ours", "_theirs"), indicator=True)
    tests = [(pairs["copies"] > 1, "duplicate_reference")]
    tests += [(pairs["_merge"] == "right_only", "extra_at_partner"), (pairs["_merge"] == "left_only", "missing")]
    tests += [(pairs[f"{name}_ours"] != pairs[f"{name}_theirs"], f"{name}_differs") for name in DECIDING]
    chosen = [test for test, _verdict in tests], [verdict for _test, verdict in tests]
    return pairs.assign(verdict=numpy.select(*chosen, "matched"))


def compared(frames: Frames, datacompy: Any) -> bool:
    """Have datacompy compare both sides; of a reference that repeats it is given one row."""
    ours, theirs = frames
    make = getattr(datacompy, "PandasCompare", None) or datacompy.Compare
    return bool(make(ours, theirs.drop_duplicates("reference"), join_columns="reference").matches())


if __name__ == "__main__":
    main(*sys.argv[1:4])

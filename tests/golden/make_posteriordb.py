"""Makes posteriordb/*.json and the gallery's data files from a folder of posterior records.

A record is one posterior of posteriordb with its data, parameters, reference moments and
gradients at fixed points. Each is parted: the data go to src/gallery/data/NAME.json, once a data
set, all else to tests/golden/posteriordb/POSTERIOR.json. Nothing is computed; every number keeps
the digits it came with. The folder must hold both licences.

Run: python make_posteriordb.py FOLDER_OF_RECORDS
"""

import json
import shutil
import sys
from pathlib import Path

from common import HERE, render

POSTERIORS = [
    "eight_schools-eight_schools_centered",
    "eight_schools-eight_schools_noncentered",
    "kidiq-kidscore_momiq",
    "wells_data-wells_dist",
    "radon_mn-radon_variable_intercept_slope_noncentered",
]
GALLERY = HERE.parent.parent / "src" / "gallery" / "data"
COMMIT = "28f8d3d6"
SOURCE = f"posteriordb (stan-dev/posteriordb), commit {COMMIT} of 2025-04-29, BSD-3-Clause, see LICENSE-posteriordb.txt"
GRADIENTS = (
    "log densities and gradients: CmdStan's, published by stanli (seantalts/stanli), BSD-3-Clause, "
    "see LICENSE-stanli.txt; where a check's source says 'stanli 0.24.0', computed with that package"
)


def main(folder):
    data = {}
    for posterior in POSTERIORS:
        record = json.loads((folder / f"{posterior}.json").read_text())
        name = posterior.split("-")[0]
        assert data.setdefault(name, record["data"]) == record["data"], f"{name} differs between posteriors"
        rest = {k: v for k, v in record.items() if k != "data"}
        rest = {"provenance": {"posterior": SOURCE, "gradients": GRADIENTS}, "data_file": f"{name}.json", **rest}
        text = render(rest) + "\n"
        assert json.loads(text) == rest
        (HERE / "posteriordb" / f"{posterior}.json").write_text(text)
    for name, content in data.items():
        keys = ",\n".join(f"{json.dumps(k)}:{json.dumps(v, separators=(',', ':'))}" for k, v in content.items())
        text = "{\n" + keys + "\n}\n"
        assert json.loads(text) == content
        (GALLERY / f"{name}.json").write_text(text)
        print(name, len(text))
    for target in (HERE / "posteriordb", GALLERY):
        shutil.copyfile(folder / "LICENSE-posteriordb.txt", target / "LICENSE-posteriordb.txt")
    shutil.copyfile(folder / "LICENSE-stanli.txt", HERE / "posteriordb" / "LICENSE-stanli.txt")
    (GALLERY / "NOTICE").write_text(
        f"The data sets in this folder ({', '.join(f'{n}.json' for n in data)})\n"
        f"are those of posteriordb (stan-dev/posteriordb), commit {COMMIT} of 2025-04-29,\n"
        "distributed under the BSD 3-Clause licence: see LICENSE-posteriordb.txt.\n"
        "Every key and every number is kept; only white space was removed. Indices are 1-based.\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

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
import textwrap
from pathlib import Path

from common import HERE, render

LEFT_OUT = {
    "one_comp_mm_elim_abs-one_comp_mm_elim_abs": "needs a solver of differential equations",
    "ovarian-logistic_regression_rhs": "0.8 MB of data",
    "radon_all-radon_variable_intercept_slope_centered": "0.6 MB of data",
    "traffic_accident_nyc-bym2_offset_only": "0.4 MB of record and data",
}
GALLERY = HERE.parent.parent / "src" / "gallery" / "data"
COMMIT = "28f8d3d6"
SOURCE = f"posteriordb (stan-dev/posteriordb), commit {COMMIT} of 2025-04-29, BSD-3-Clause, see LICENSE-posteriordb.txt"
GRADIENTS = (
    "log densities and gradients: CmdStan's, published by stanli (seantalts/stanli), BSD-3-Clause, "
    "see LICENSE-stanli.txt; where a check's source says 'stanli 0.24.0', computed with that package"
)


def main(folder):
    data = {}
    known = sorted(path.stem for path in folder.glob("*.json"))
    assert set(LEFT_OUT) < set(known), "a name in LEFT_OUT is none of the folder's"
    for posterior in known:
        if posterior in LEFT_OUT:
            continue
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
        textwrap.fill(f"The data sets in this folder ({', '.join(f'{n}.json' for n in data)})", 96) + "\n"
        f"are those of posteriordb (stan-dev/posteriordb), commit {COMMIT} of 2025-04-29,\n"
        "distributed under the BSD 3-Clause licence: see LICENSE-posteriordb.txt.\n"
        "Every key and every number is kept; only white space was removed. Indices are 1-based.\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

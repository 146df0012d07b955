"""What the papers printed and their authors published, to hold results against."""

from importlib import resources

import pandas

__all__ = ["published_notebooks", "published_settings", "published_table_1"]


def published_table_1() -> pandas.DataFrame:
    """Returns Table 1 of Webster et al. 2019 as printed, in the order of its rows.

    Columns: dataset, model, ks_p_value, mre_gap, mre_train, mre_val, mre_generated,
    mre_distortion (NaN where the paper has none) and erratum, which is empty or says what is wrong
    with the row. The errors are means of squares per pixel of images in [-1, 1], and mre_gap is
    the absolute value of Eq. (5).
    """
    return _read("webster2019_table1").fillna({"erratum": ""})


def published_notebooks() -> pandas.DataFrame:
    """Returns numbers out of the notebooks that Bai et al. 2022 published with their code.

    Columns: model (of a mean distance: the set of images), number, against, threshold (NaN: none,
    or not said), runs, value. C_T is a mean over classes where no class is named. FID and distances
    are those of the authors' encoder.
    """
    return _read("bai2022_notebooks")


def published_settings() -> pandas.DataFrame:
    """Returns settings of Bai et al. 2022: model, setting, in the paper (NaN: not said), in the
    published code."""
    return _read("bai2022_settings")


def _read(name: str) -> pandas.DataFrame:
    with resources.files("mempaper").joinpath(f"data/{name}.csv").open() as f:
        return pandas.read_csv(f)

"""What the papers printed, to hold results against."""

from importlib import resources

import pandas

__all__ = ["published_table_1"]


def published_table_1() -> pandas.DataFrame:
    """Returns Table 1 of Webster et al. 2019 as printed, in the order of its rows.

    Columns: dataset, model, ks_p_value, mre_gap, mre_train, mre_val, mre_generated,
    mre_distortion (NaN where the paper has none) and erratum, which is empty or says what is wrong
    with the row. The errors are means of squares per pixel of images in [-1, 1], and mre_gap is
    the absolute value of Eq. (5).
    """
    with resources.files("mempaper").joinpath("data/webster2019_table1.csv").open() as f:
        return pandas.read_csv(f).fillna({"erratum": ""})

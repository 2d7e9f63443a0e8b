"""Builds `embed` against the sipcore that is installed: `python setup.py build_ext --inplace`."""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

import sipcore

setup(
    name="cython-embed",
    # The declarations include headers of sipcore, and Cython looks for the declarations beside the package.
    ext_modules=cythonize(
        [Extension("embed", ["embed.pyx"], include_dirs=[sipcore.get_include()])],
        include_path=[str(Path(sipcore.get_include()).parent)],
        compiler_directives={"language_level": 3, "boundscheck": False, "wraparound": False},
    ),
)

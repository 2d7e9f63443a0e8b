# Makes `cimport sipcore` find the declarations beside the compiled modules; see `_parser.pxd`.

"""Files <-> pixels; the only room that imports av and decord.

Nothing here knows of scenes, models or stores. It runs in decode processes (`ingest/workers.py`),
except for `image.py`, since decoders are C code reading untrusted bytes.
"""

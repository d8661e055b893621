"""Files <-> pixels; the only room that imports av and decord.

Nothing here knows of scenes, models or stores. It runs in decode processes (`ingest/workers.py`),
since decoders are C code reading untrusted bytes, and clips are cut in another
(`export/worker.py`); except for `image.py`, `thumbnail.py`, `sheet.py` and `chart.py`, which a
question needs: the videos that answer it were decoded before.
"""

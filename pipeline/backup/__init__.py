"""Archives -> Parquet files in a folder -> archives: backup, and moving to another Milvus.

What belongs here: what those files hold, how they are written so that half-written ones never look
whole, and how they are checked and read back. The only importer of pyarrow. Vectors are taken as
they are: no model is loaded.
"""

"""What people do with an answer: clips, lists that editors import, a player at the moment.

What is found is decided elsewhere, and nothing here changes it. Files are decoded in a process of
their own (`worker.py`), since a decoder is C code reading untrusted bytes.
"""

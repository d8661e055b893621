"""vsearch"""

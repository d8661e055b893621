"""Questions -> answers: compose, retrieve, merge, rank. Milvus is reached through `store` alone."""

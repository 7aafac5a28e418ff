"""The API and the pages: scores, order decisions and the worklist, from the risk store."""

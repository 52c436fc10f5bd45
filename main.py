"""`uv run main.py`: the whole product in one command. `streamlit run main.py` and `uvicorn main:app` work, too."""

import streamlit as st

from app import server

app = st.App(
    server.UI_SCRIPT,
    lifespan=server.lifespan,
    routes=server.routes(),
    middleware=server.middleware(),
)

if __name__ == "__main__":
    server.run(app)

"""Fixtures: a fresh data folder, a server on it, and a server and a browser that the tests of a file share."""

import pathlib

import pytest
from browser import chromium
from playwright.sync_api import sync_playwright
from program import DATA, Folder, Server


@pytest.fixture
def folder(tmp_path):
    """A data folder that is not there yet."""
    return Folder(tmp_path / "data")


@pytest.fixture
def server(folder):
    """A server on a fresh folder, for this test alone."""
    with folder.serving() as server:
        yield server


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A server that the tests of one file share: each uses names of its own."""
    with Folder(tmp_path_factory.mktemp("shop") / "data").serving() as server:
        yield server


@pytest.fixture(scope="module")
def browser():
    """A browser that the tests of one file share."""
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session", autouse=True)
def nothing_left_behind():
    """Ends the servers of tests that failed."""
    yield
    for process in Server.started:
        if process.poll() is None:
            process.kill()


@pytest.fixture(scope="session")
def real():
    """The folder of real data, which is no part of the project."""
    if not pathlib.Path(DATA).is_dir():
        pytest.skip(f"no real data in {DATA}; SIGHTLINE_TEST_DATA names another place")
    return DATA

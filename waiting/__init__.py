"""The wait gateway: holds thousands of open waits, so that no web worker has to hold one."""

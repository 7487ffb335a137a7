"""Questions put to the log beyond its list: a person's day, every event there is, and questions a person keeps."""

"""What the demo's people sign in with. Everybody can read it: it opens a demo, on the demo's own machine, no more."""

PUBLIC_PASSWORD = "demo sign-in for everyone"  # noqa: S105

"""The target's memory: its processes, its cgroup, its page, or what another source reports."""

# SPDX-License-Identifier: Apache-2.0
"""What the tests in this folder share: cases that clean up their agents.  First argument: the path of vlat-agent."""
import sys
import unittest

from agentlib import Agent, PATIENCE, TOKEN, at_least, quantile, serve    # noqa: F401 (for the tests)

AGENT = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith('-') else 'vlat-agent'


class Case(unittest.TestCase):
    """Agents that a test started are gone when it is over."""

    def agent(self, path=AGENT, **options):
        agent = Agent(path, **options)
        self.addCleanup(agent.close)
        return agent

    def pair(self, workload, server_members=None, **members):
        """A server that listens and a client that runs; the caller waits for the client's record."""
        server, client = self.agent(), self.agent()
        port = serve(server, workload, **dict(members, **(server_members or {})))
        client.job(workload, 'client', peer='127.0.0.1', port=port, **members)
        return server, client


def main():
    unittest.main(argv=[sys.argv[0], '-v'] + sys.argv[1:])

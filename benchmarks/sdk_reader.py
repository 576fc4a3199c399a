"""The peer that most people use: iterates the results of a batch with the official SDK.

Run as `python -m benchmarks.sdk_reader URL ID`; prints the monotonic time of the first result and
how many came.
"""

import sys
import time

import anthropic


def main(url: str, batch_id: str) -> None:
    """Reads all results."""
    with anthropic.Anthropic(base_url=url, api_key="benchmark-key") as client:
        results = iter(client.messages.batches.results(batch_id))
        next(results)
        print(time.monotonic(), flush=True)
        print(1 + sum(1 for _ in results))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Run the AWS server so that its queue gives a function as large batches as SQS does.

The server's own limit is 10 messages, without MaximumBatchingWindowInSeconds.  Fewer would make registration send
Redshift more statements for each file than on AWS.  Only `.venv-aws` has the server: run this file by its path.
"""

import time
from typing import Any

import yaml
from ministack.app import main
from ministack.services import lambda_svc, sqs


def receive_batch(queue_url: str, batch_size: int) -> list[dict[str, Any]]:
    """Return the messages for one call of a function: a full batch, or all that have come when the window ends.

    The window of an event source mapping begins with the first message that waits.
    """
    with sqs._queues_lock:
        queue, now = sqs._get_q(queue_url), time.time()
        sqs._expire_retained(queue)
        sqs._dlq_sweep(queue)
        waiting = [message["visible_at"] for message in queue["messages"] if message["visible_at"] <= now]
        if not waiting or (len(waiting) < batch_size and now < min(waiting) + _window_seconds(queue)):
            return []
        return list(sqs._collect_msgs(queue, batch_size, int(queue["attributes"]["VisibilityTimeout"])))


def _window_seconds(queue: dict[str, Any]) -> int:
    arn = queue["attributes"]["QueueArn"]
    mappings = [mapping for _, _, mapping in lambda_svc._iter_all_esms() if mapping["EventSourceArn"] == arn]
    # A changed stack leaves its parameter there, which is a text.
    return max((int(mapping.get("MaximumBatchingWindowInSeconds") or 0) for mapping in mappings), default=0)


if __name__ == "__main__":
    yaml.SafeLoader = yaml.CSafeLoader  # type: ignore[assignment,misc] # templates are parsed again at many calls
    sqs._receive_messages_for_esm = receive_batch
    main()

"""An answer with many internal errors is one line in the log, with one traceback and the number of the others."""

from graphql import GraphQLError
from structlog.testing import capture_logs

from api.errors import NotFound
from api.graphql.execution.responses import Answers


def test_eighty_eight_internal_errors_are_one_line() -> None:
    broken = [GraphQLError("masked", path=["types", number], original_error=TypeError("why")) for number in range(88)]
    refused = GraphQLError("gone", original_error=NotFound("Chat not found."))
    answers = Answers("a request")
    with capture_logs() as lines:
        formatted = answers.formatted([refused, *broken])
        answers.formatted(broken)  # an update of a stream has them again
    assert [error["extensions"]["code"] for error in formatted] == ["NOT_FOUND", *["INTERNAL"] * 88]
    (line,) = lines
    assert (line["event"], line["more"], str(line["exc_info"])) == ("operation failed", 87, "why")

/** The operations of a producer, and the errors with which it ends replies. */

const MESSAGE = "message { id status content error { code } }";
const STARTED = `fence sequence leaseSeconds ${MESSAGE}`;
export const START = `mutation ($input: StartReplyInput!) { startReply(input: $input) { ${STARTED} } }`;
export const APPEND = "mutation ($input: AppendToReplyInput!) { appendToReply(input: $input) { sequence } }";
export const FINISH = "mutation ($input: FinishReplyInput!) { finishReply(input: $input) { message { id } } }";
export const STATUS = "query ($id: ID!) { message(id: $id) { status error { code } } }";

export const INTERRUPTED = {
  code: "INTERRUPTED",
  message: "The agent was interrupted before it finished this reply. Ask again.",
};
export const TOO_LONG = {
  code: "TOO_LONG",
  message: "The reply became too long and was cut off. Ask for a shorter one.",
};

/** The tabs that GraphiQL opens with: from nobody to a streaming reply, by clicking Run in each, in order. */

export interface Example {
  query: string;
  variables: string;
}

export const blank = `# A tab of your own. The token is sent along; $chatId and $replyId
# are filled in with the last ones, unless Variables has them.
# All types and fields are described under the book on the left.
`;

export function examples(): Example[] {
  return [signUp(), createChat, sendMessage, followReply];
}

const signUp = (): Example => ({
  query: `# 1. Who are you? Any e-mail address will do.
#
# The answer's token is sent along from now on,
# over HTTP as \`Authorization: Bearer …\`, over
# WebSocket in \`connectionParams\`.
mutation SignUp(
  $name: String!
  $email: String!
  $password: String!
) {
  signUp(
    input: {
      name: $name
      email: $email
      password: $password
    }
  ) {
    token
    viewer {
      id
      user {
        name
      }
    }
  }
}
`,
  // No two newcomers have the same address.
  variables: json({
    name: "Ada",
    email: `ada.${Date.now().toString(36)}@example.com`,
    password: "correct horse battery",
  }),
});

const createChat: Example = {
  query: `# 2. A chat to talk in.
mutation CreateChat($title: String) {
  createChat(input: { title: $title }) {
    chat {
      id
      title
      revision
    }
  }
}
`,
  variables: json({ title: "Two tracks" }),
};

const sendMessage: Example = {
  query: `# 3. A message, and the reply to it, which has
# only just begun. Go on to tab 4 at once.
#
# $chatId: the last answer's chat, unless
# Variables has another. $idempotencyKey: a new
# one for each run; one that comes twice sends
# nothing twice.
mutation SendMessage(
  $chatId: ID!
  $content: String!
  $idempotencyKey: String!
) {
  sendMessage(
    input: {
      chatId: $chatId
      content: $content
      idempotencyKey: $idempotencyKey
    }
  ) {
    message {
      id
      content
    }
    reply {
      id
      streaming
      revision
    }
  }
}
`,
  variables: json({ content: "How do the two tracks work?" }),
};

const followReply: Example = {
  query: `# 4. The stream track: the whole message each
# time, the first at once, the last with a final
# status.
#
# $replyId: the last reply, unless Variables has
# another. A finished one comes once.
subscription FollowReply($replyId: ID!) {
  messageStream(id: $replyId) {
    status
    revision
    content
  }
}
`,
  variables: "",
};

function json(variables: Record<string, unknown>): string {
  return JSON.stringify(variables, null, 2);
}

/** The tabs that GraphiQL opens with. Run in order, they lead from signing up to a streaming reply. */

export interface Example {
  query: string;
  variables: string;
}

export const blank = `# A new tab. The token of the last sign-up or sign-in is sent
# automatically. If Variables does not set $chatId or $replyId,
# the last chat or reply is used.
# The Documentation Explorer (book icon, top left) describes all
# types and fields.
`;

export function examples(): Example[] {
  return [signUp(), createChat, sendMessage, followReply];
}

const signUp = (): Example => ({
  query: `# 1. Sign up. Any e-mail address will do.
#
# The token in the response is sent with all later
# operations: over HTTP as the header
# \`Authorization: Bearer …\`, over WebSocket in
# \`connectionParams\`.
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
  // Each e-mail address can sign up only once.
  variables: json({
    name: "Ada",
    email: `ada.${Date.now().toString(36)}@example.com`,
    password: "correct horse battery",
  }),
});

const createChat: Example = {
  query: `# 2. Create a chat.
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
  query: `# 3. Send a message. The response contains the
# reply, which starts to stream: run tab 4 now.
#
# $chatId defaults to the last chat.
# $idempotencyKey defaults to a new key for each
# run. If a request is repeated with the same key,
# the message is stored only once.
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
  query: `# 4. Follow the reply. The server sends the full
# message immediately and on every update, and
# completes after the final status. A finished
# reply is sent once.
#
# $replyId defaults to the last reply.
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

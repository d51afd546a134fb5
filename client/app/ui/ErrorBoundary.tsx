/** Where something within fails to be shown, the rest of the page stays. */

import { Component, type ReactNode } from "react";

interface Props {
  readonly instead: ReactNode;
  readonly children: ReactNode;
}

export class Boundary extends Component<Props> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? this.props.instead : this.props.children;
  }
}

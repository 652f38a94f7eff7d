/** The floor's clients: bare `ws` and `msgpackr`. */
import { once } from 'node:events';
import { pack, unpack } from 'msgpackr';
import { WebSocket } from 'ws';
import { type Crowd, connectAll } from '../crowd.ts';

const ARRIVE = pack(['arrive']);
const ECHO = pack(['echo']);

interface Member {
  ws: WebSocket;
  released: () => void;
  echoed: () => void;
}

export class FloorCrowd implements Crowd {
  readonly #members: readonly Member[];

  private constructor(members: readonly Member[]) {
    this.#members = members;
  }

  static async connect(this: void, url: string, n: number): Promise<FloorCrowd> {
    return new FloorCrowd(await connectAll(n, () => connect(url)));
  }

  get size(): number {
    return this.#members.length;
  }

  arrive(index: number, released: () => void): void {
    const member = this.#member(index);
    member.released = released;
    member.ws.send(ARRIVE);
  }

  roundTrip(index: number): Promise<void> {
    const member = this.#member(index);
    member.ws.send(ECHO);
    return new Promise((resolve) => {
      member.echoed = resolve;
    });
  }

  #member(index: number): Member {
    const member = this.#members[index];
    if (member === undefined) throw new RangeError(`no member ${index}`);
    return member;
  }
}

async function connect(url: string): Promise<Member> {
  const ws = new WebSocket(url, { perMessageDeflate: false });
  const member: Member = { ws, released: () => {}, echoed: () => {} };
  ws.on('message', (data: Buffer) => {
    const [kind] = unpack(data) as [string];
    if (kind === 'release') member.released();
    else member.echoed();
  });
  await once(ws, 'open');
  return member;
}

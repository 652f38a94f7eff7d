/** The floor's clients: they say that they have arrived, and are told that all have. */
import { Connection } from '../connection.ts';
import { type Crowd, connectAll } from '../crowd.ts';

interface Member {
  connection: Connection;
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
    member.connection.send(['arrive']);
  }

  roundTrip(index: number): Promise<void> {
    const member = this.#member(index);
    member.connection.send(['echo']);
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
  const heard = ([kind]: unknown[]) => {
    if (kind === 'release') member.released();
    else member.echoed();
  };
  const member: Member = {
    connection: await Connection.open(url, heard),
    released: () => {},
    echoed: () => {},
  };
  return member;
}

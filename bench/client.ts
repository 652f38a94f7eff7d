/** The client process of every bench: holds a crowd of connections to one side's server, and does what it is told. */
import { barrierRound } from './barrier-round.ts';
import type { Crowd } from './crowd.ts';
import { FloorCrowd } from './floor/crowd.ts';
import { answer } from './harness/answer.ts';
import { TuttiCrowd } from './tutti/crowd.ts';

export const SIDES = ['floor', 'tutti'] as const;
export type Side = (typeof SIDES)[number];

interface Connect {
  side: Side;
  url: string;
  n: number;
}

const CROWDS: Record<Side, (url: string, n: number) => Promise<Crowd>> = {
  floor: FloorCrowd.connect,
  tutti: TuttiCrowd.connect,
};

let crowd: Crowd | undefined;

answer({
  async connect({ side, url, n }: Connect) {
    crowd = await CROWDS[side](url, n);
  },
  async barrier(rounds: number) {
    if (crowd === undefined) throw new Error('nobody is connected');
    const taken: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      taken.push(await barrierRound(crowd, round % crowd.size));
    }
    return taken;
  },
});

/**
 * The life of a member on its agent, as one pure transition.
 *
 *   prepared ──start──▶ running ──wrapper-gone──▶ clearing ──tree-gone──▶ draining ──drained──▶ ending ──▶ ended
 *      │                 │  stop: the ladder climbs one rung a time       (output still on its way to disk)
 *      └────stop────────────────────────────────────────────────────────────────────────────▶ ending
 *
 * A member that outlives its script leaves running for draining at once: what the script left is not touched.
 *
 * A member that has announced a reboot goes from draining to rebooting instead, and from there nowhere: the machine goes
 * down, and the next incarnation begins with another agent process. Only a reboot that does not happen, or a stop, leads on
 * to ending. What the script exits with after the announcement means nothing.
 *
 * The ladder is SIGTERM, then SIGKILL, then giving up on what survives even that; it begins with the first stop, or with
 * processes that the script left behind. Guarantees: the first reason wins; a member starts once; from every state but
 * `prepared` and `rebooting` the end is reached, whatever the processes do; what comes late or twice changes nothing.
 */
import type { Exit, MemberEnd, StopReason } from '@tutti/protocol';

/** How far the ladder has been climbed. */
export type Rung = 'none' | 'term' | 'kill' | 'spent';

export type MemberState =
  | { readonly at: 'prepared' }
  /** The wrapper lives. */
  | {
      readonly at: 'running';
      readonly stop: StopReason | undefined;
      readonly rung: Rung;
      /** One was announced. */
      readonly reboot: boolean;
    }
  /** The wrapper is gone; what the script left is being ended. */
  | {
      readonly at: 'clearing';
      readonly exit: Exit;
      readonly stop: StopReason | undefined;
      readonly rung: Rung;
      readonly reboot: boolean;
    }
  /** No process is left that could be ended; the relays finish. */
  | {
      readonly at: 'draining';
      readonly exit: Exit;
      readonly stop: StopReason | undefined;
      readonly survivors: number;
      readonly reboot: boolean;
    }
  /** Everything has been stopped and is on the disk; the machine is to go down. */
  | { readonly at: 'rebooting'; readonly survivors: number }
  /** The end is being written down. */
  | {
      readonly at: 'ending';
      readonly exit: Exit;
      readonly stop: StopReason | undefined;
      readonly survivors: number;
    }
  | { readonly at: 'ended'; readonly end: MemberEnd };

export type MemberInput =
  | { readonly is: 'start' }
  | { readonly is: 'stop'; readonly reason: StopReason }
  /** A reboot has been announced. */
  | { readonly is: 'reboot'; readonly byScript: boolean }
  | { readonly is: 'not-rebooted'; readonly message: string }
  /** It cannot be started at all. */
  | { readonly is: 'not-started'; readonly message: string }
  /** `outlived`: what the script left running is to live on, unless somebody had stopped it. */
  | { readonly is: 'wrapper-gone'; readonly exit: Exit; readonly outlived?: boolean }
  /** The wrapper is gone and processes of the script live on. */
  | { readonly is: 'tree-left' }
  | { readonly is: 'tree-gone'; readonly survivors: number }
  /** The time on the present rung is over. */
  | { readonly is: 'rung-over' }
  | { readonly is: 'drained' }
  | { readonly is: 'recorded'; readonly end: MemberEnd };

export type MemberAction =
  | { readonly do: 'spawn' }
  | { readonly do: 'record-stop'; readonly reason: StopReason }
  | { readonly do: 'terminate' }
  | { readonly do: 'kill' }
  /** Says `rung-over` when the rung's time is over. */
  | { readonly do: 'time-rung' }
  /** Ends a wrapper that lives on though everything in it is dead. */
  | { readonly do: 'kill-wrapper' }
  /** Says `tree-left` now if processes live, and `tree-gone` when none does. */
  | { readonly do: 'watch-tree' }
  /** Says `tree-gone` with what survives the whole ladder. */
  | { readonly do: 'count-survivors' }
  /** Says `drained` when the relays have finished, or have taken too long. */
  | { readonly do: 'drain' }
  /** Says `drained` when the relays have written all of the script's own output, or have taken too long. */
  | { readonly do: 'settle' }
  /** Brings the machine down, unless the script does; says `not-rebooted` when that fails. */
  | { readonly do: 'reboot' }
  | {
      readonly do: 'record-end';
      readonly exit: Exit;
      readonly stop: StopReason | undefined;
      readonly survivors: number;
    }
  | { readonly do: 'report'; readonly end: MemberEnd };

export interface Step {
  readonly state: MemberState;
  readonly actions: readonly MemberAction[];
}

export function step(state: MemberState, input: MemberInput): Step {
  switch (input.is) {
    case 'start':
      if (state.at !== 'prepared') break;
      return {
        state: { at: 'running', stop: undefined, rung: 'none', reboot: false },
        actions: [{ do: 'spawn' }],
      };
    case 'stop':
      return stop(state, input.reason);
    case 'reboot':
      return reboot(state, input.byScript);
    case 'not-rebooted':
      if (state.at !== 'rebooting') break;
      return ending({ how: 'not-rebooted', message: input.message }, undefined, state.survivors);
    case 'not-started':
      if (state.at !== 'prepared' && state.at !== 'running') break;
      return ending(
        { how: 'not-started', message: input.message },
        state.at === 'running' ? state.stop : undefined,
        0,
      );
    case 'wrapper-gone':
      if (state.at !== 'running') break;
      if (input.outlived === true && state.rung === 'none' && !state.reboot) {
        const { exit } = input;
        return {
          state: { at: 'draining', exit, stop: state.stop, survivors: 0, reboot: false },
          actions: [{ do: 'settle' }],
        };
      }
      return { state: { ...state, at: 'clearing', exit: input.exit }, actions: [{ do: 'watch-tree' }] };
    case 'tree-left':
      if (state.at !== 'clearing' || state.rung !== 'none') break;
      return { state: { ...state, rung: 'term' }, actions: [{ do: 'terminate' }, { do: 'time-rung' }] };
    case 'tree-gone': {
      // Without an end of the wrapper there was none to be had: it survives too.
      if (state.at !== 'clearing' && !(state.at === 'running' && state.rung === 'spent')) break;
      const exit: Exit = state.at === 'clearing' ? state.exit : { how: 'killed' };
      return {
        state: {
          at: 'draining',
          exit,
          stop: state.stop,
          survivors: input.survivors,
          reboot: state.reboot,
        },
        actions: [{ do: 'drain' }],
      };
    }
    case 'rung-over':
      return nextRung(state);
    case 'drained':
      if (state.at !== 'draining') break;
      if (state.reboot && state.stop === undefined)
        return { state: { at: 'rebooting', survivors: state.survivors }, actions: [{ do: 'reboot' }] };
      return ending(state.exit, state.stop, state.survivors);
    case 'recorded':
      if (state.at !== 'ending') break;
      return { state: { at: 'ended', end: input.end }, actions: [{ do: 'report', end: input.end }] };
  }
  return { state, actions: [] };
}

function stop(state: MemberState, reason: StopReason): Step {
  if (state.at === 'prepared')
    return ending({ how: 'not-started', message: 'stopped before it was started' }, reason, 0);
  if (state.at === 'rebooting') {
    const { state: next, actions } = ending(
      { how: 'not-rebooted', message: 'it was stopped before its machine went down' },
      reason,
      state.survivors,
    );
    return { state: next, actions: [{ do: 'record-stop', reason }, ...actions] };
  }
  if (state.at === 'ending' || state.at === 'ended' || state.stop !== undefined)
    return { state, actions: [] };
  if (state.at === 'running' && state.rung === 'none') {
    return {
      state: { ...state, stop: reason, rung: 'term' },
      actions: [{ do: 'record-stop', reason }, { do: 'terminate' }, { do: 'time-rung' }],
    };
  }
  // Once the script has ended by itself, a stop is no longer why; but it does keep the next incarnation from starting.
  if (!state.reboot) return { state, actions: [] };
  return { state: { ...state, stop: reason }, actions: [{ do: 'record-stop', reason }] };
}

function reboot(state: MemberState, byScript: boolean): Step {
  if (state.at !== 'running' || state.stop !== undefined) return { state, actions: [] };
  const announced = { ...state, reboot: true };
  if (byScript || state.rung !== 'none') return { state: announced, actions: [] };
  return { state: { ...announced, rung: 'term' }, actions: [{ do: 'terminate' }, { do: 'time-rung' }] };
}

function nextRung(state: MemberState): Step {
  if (state.at !== 'running' && state.at !== 'clearing') return { state, actions: [] };
  switch (state.rung) {
    case 'none':
      return { state, actions: [] };
    case 'term':
      return { state: { ...state, rung: 'kill' }, actions: [{ do: 'kill' }, { do: 'time-rung' }] };
    case 'kill':
      if (state.at === 'clearing')
        return { state: { ...state, rung: 'spent' }, actions: [{ do: 'count-survivors' }] };
      return { state: { ...state, rung: 'spent' }, actions: [{ do: 'kill-wrapper' }, { do: 'time-rung' }] };
    case 'spent':
      return { state, actions: [{ do: 'count-survivors' }] };
  }
}

function ending(exit: Exit, stopped: StopReason | undefined, survivors: number): Step {
  return {
    state: { at: 'ending', exit, stop: stopped, survivors },
    actions: [{ do: 'record-end', exit, stop: stopped, survivors }],
  };
}

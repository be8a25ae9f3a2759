/** The matrix journey: what is expected between all NATs, and this machine's own one as it was found last. */
import { type MatrixCell, type NatSide, natMatrix, rememberedNat } from '../../net/index.ts';
import { ownSide } from '../matrix-view.ts';
import type { Context } from './context.ts';

export interface Matrix {
  readonly cells: readonly MatrixCell[];
  /** null: not found out yet. */
  readonly own: NatSide | null;
}

/** Asks nobody. */
export async function matrix(ctx: Context): Promise<Matrix> {
  const remembered = await rememberedNat(await ctx.files());
  return { cells: natMatrix(), own: ownSide(remembered) };
}

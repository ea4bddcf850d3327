/** Runs before anything is painted, see theme-script.ts: no page shows another theme first than the one that was chosen. */
import { applyAppearance, readAppearance } from './state/appearance.ts';

applyAppearance(readAppearance());

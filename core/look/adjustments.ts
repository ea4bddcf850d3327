/** What each slider does to colours, as steps. All are smooth, keep the order of tones, and do nothing at 0. */
import type { AdjustmentName, Look } from '../edits.ts';
import { eachChannel, gain, greyOf, held, type Step, saturation } from './planes.ts';

/** In the order in which a darkroom would: the light's colour, exposure, tones, colour, paper. */
export function adjustmentSteps(adjustments: Look['adjustments']): Step[] {
  const by = (name: AdjustmentName) => (adjustments[name] ?? 0) / 100;
  const steps: [number, () => Step][] = [
    [by('warmth'), () => warmth(by('warmth'))],
    [by('brightness'), () => tone((v) => v + 0.8 * by('brightness') * v * (1 - v))],
    [by('contrast'), () => tone((v) => v + 0.85 * by('contrast') * v * (1 - v) * (2 * v - 1))],
    [by('shadows'), () => shadows(by('shadows'))],
    [by('highlights'), () => highlights(by('highlights'))],
    [by('saturation'), () => vividness(by('saturation'))],
    [by('fade'), () => tone((v) => v + 0.2 * by('fade') * (1 - v) * (1 - v))],
  ];
  return steps.filter(([amount]) => amount !== 0).map(([, step]) => step());
}

/** Along daylight's own line from amber to blue, and no channel so far up that whites lose their drawing. */
function warmth(amount: number): Step {
  return amount > 0
    ? gain(1 + 0.12 * amount, 1 - 0.01 * amount, 1 - 0.22 * amount, false)
    : gain(1 + 0.16 * amount, 1 + 0.03 * amount, 1 - 0.1 * amount, false);
}

/** A curve over 0 to 1, the same for each channel. */
function tone(curve: (value: number) => number): Step {
  return eachChannel(false, (level) => curve(level / 255) * 255);
}

/** Down to black and white; upwards, what is colourful already gains less, or it would lose its drawing. */
function vividness(amount: number): Step {
  if (amount < 0) return saturation(1 + amount, false);
  return eachColour((r, g, b) => 1 + amount * (1 - (Math.max(r, g, b) - Math.min(r, g, b)) / 255), greyOf);
}

/**
 * Shadows and highlights move a colour's lightness along a curve and take the channels with it in proportion, so that hue
 * and saturation stay. Black stays black and white white; downwards the curve may be less steep than upwards, or
 * tones would change places.
 */
function shadows(amount: number): Step {
  const strength = amount * (amount > 0 ? 1.7 : 0.9);
  return light((v) => v + strength * v * (1 - v) * (1 - v) * (1 - v));
}

function highlights(amount: number): Step {
  const strength = amount * (amount > 0 ? 0.9 : 1.7);
  return light((v) => v + strength * (1 - v) * v * v * v);
}

function light(curve: (value: number) => number): Step {
  return eachColour(
    (r, g, b) => {
      // Between grey and the brightest channel: a strong red has a dark grey, and yet nothing left to be lit up.
      const lightness = (greyOf(r, g, b) + Math.max(r, g, b)) / 510;
      return lightness > 0 ? curve(lightness) / lightness : 1;
    },
    () => 0,
  );
}

/** Moves each colour's channels away from a level by a factor. */
function eachColour(
  factorOf: (red: number, green: number, blue: number) => number,
  levelOf: (red: number, green: number, blue: number) => number,
): Step {
  return {
    mixes: true,
    run: ({ red, green, blue }) => {
      for (let at = 0; at < red.length; at++) {
        const r = red[at] as number;
        const g = green[at] as number;
        const b = blue[at] as number;
        const factor = factorOf(r, g, b);
        const level = levelOf(r, g, b);
        red[at] = held(level + factor * (r - level));
        green[at] = held(level + factor * (g - level));
        blue[at] = held(level + factor * (b - level));
      }
    },
  };
}

// Values of profiles as people think of them: CPU time over a window is cores. Pure.
import {formatValue} from "../../flame/format.js";

export interface Scale {
  unit: string; // of the profile
  span: number; // seconds that the window is long; 0: none
  cores: boolean;
}

const kTimes: Record<string, number> = {nanoseconds: 1e-9, microseconds: 1e-6, milliseconds: 1e-3, seconds: 1};

export function scaleOf(type: string, unit: string, span: number): Scale {
  return {unit, span, cores: unit in kTimes && span > 0 && /cpu|wall|samples/.test(type)};
}

export function amount(value: number, {unit, span, cores}: Scale): string {
  return cores ? `${coreDigits((value * kTimes[unit]) / span)} cores` : formatValue(value, unit);
}

export function change(value: number, scale: Scale): string {
  const text = amount(Math.abs(value), scale).replace(/ cores$/, "");
  return value > 0 ? `+${text}` : value < 0 ? `−${text}` : text;
}

function coreDigits(value: number): string {
  if (value >= 0.00005 && value < 0.1) return value.toFixed(value < 0.01 ? 4 : 3);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Hands the bitmap over without copying it; the canvas takes its size. With no canvas it is only let go. */
export function putOn(canvas: HTMLCanvasElement | null | undefined, bitmap: ImageBitmap): void {
  const context = canvas?.getContext('bitmaprenderer');
  if (!canvas || !context) {
    bitmap.close();
    return;
  }
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  context.transferFromImageBitmap(bitmap);
}

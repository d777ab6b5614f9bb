// The shapes of boxes, upright and turned.

// Returns the outline of a box.
export function outlineOf(item, area) {
  const path = new Path2D();
  if (item.polygon_normalized) {
    for (const [x, y] of item.polygon_normalized) path.lineTo(x * area.width, y * area.height);
    path.closePath();
  } else {
    const { x, y, width, height } = boxIn(area, item);
    path.rect(x, y, width, height);
  }
  return path;
}

// Returns the upright box of an item, inside the picture.
export function boxIn({ width, height }, item) {
  const x = Math.max(1.5, item.x_min_normalized * width);
  const y = Math.max(1.5, item.y_min_normalized * height);
  return {
    x,
    y,
    width: Math.max(1, Math.min(width - 1.5, item.x_max_normalized * width) - x),
    height: Math.max(1, Math.min(height - 1.5, item.y_max_normalized * height) - y),
  };
}

// Draws a path with a dark edge, which shows on every ground.
export function strokePath(context, path, thick, edge, color) {
  context.lineJoin = context.lineCap = "round";
  for (const [width, style] of [[thick + 2 * edge, "rgb(0 0 0 / 40%)"], [thick, color]]) {
    context.lineWidth = width;
    context.strokeStyle = style;
    context.stroke(path);
  }
}

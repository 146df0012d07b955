// Boxes that scroll sideways can be reached, and scrolled, with the keyboard.
(() => {
  "use strict";
  const boxes = ".output.text_html, .pst-scrollable-table-container, div.math, pre";
  const mark = () => {
    for (const box of document.querySelectorAll(boxes))
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  };
  addEventListener("load", mark);
  addEventListener("resize", mark);
})();

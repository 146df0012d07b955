// For the keyboard and for screen readers: boxes that scroll sideways can be reached, and the arrows
// that unfold the navigation, which the theme draws without a word, have names. For the eye: a box
// with more to its right fades there.
(() => {
  "use strict";
  const boxes = ".output.text_html, .pst-scrollable-table-container, div.math, pre";
  const fade = (box) => {
    const hidden = box.scrollWidth - box.clientWidth - box.scrollLeft;
    box.classList.toggle("mempaper-more", hidden > 1);
  };
  const mark = () => {
    for (const box of document.querySelectorAll(boxes)) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      fade(box);
      box.onscroll = () => fade(box);
    }
  };
  for (const arrow of document.querySelectorAll("li.has-children > details > summary"))
    arrow.setAttribute("aria-label", `Pages below ${arrow.closest("li").firstChild.textContent}`);
  addEventListener("load", mark);
  addEventListener("resize", mark);
})();

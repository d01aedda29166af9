declare module "idiomorph" {
  interface Options {
    morphStyle: "outerHTML" | "innerHTML";
    ignoreActiveValue: boolean;
    callbacks?: {
      beforeNodeMorphed?: (old: Node, fresh: Node) => boolean;
      beforeAttributeUpdated?: (name: string, node: Element, kind: "update" | "remove") => boolean;
    };
  }
  export const Idiomorph: { morph(old: Node, fresh: HTMLCollection | Node, options: Options): Node[] | undefined };
}

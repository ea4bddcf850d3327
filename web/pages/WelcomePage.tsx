import { Link } from 'wouter';
import { Camera } from '../components/Camera.tsx';
import { paths } from '../paths.ts';
import { buttonClass } from '../ui/Button.tsx';
import { useTitle } from '../ui/use-title.ts';
import { Wordmark } from '../ui/Wordmark.tsx';
import '../components/entrance.css';

export function WelcomePage() {
  useTitle(undefined);
  return (
    <div className="welcome">
      <Camera />
      <div className="welcome-words">
        <Wordmark height={34} />
        <h1>Your photos, as you made them.</h1>
        <p className="muted">
          Share them with the people you choose: in their own shape, newest first, with nothing in between.
        </p>
        <div className="welcome-links">
          <Link href={paths.signUp()} className={buttonClass({ isWide: true })} data-look="solid">
            Sign up
          </Link>
          <Link href={paths.signIn()} className={buttonClass({ isWide: true })} data-look="quiet">
            Sign in
          </Link>
        </div>
      </div>
    </div>
  );
}
